"""Pictures of backfills for the documentation.

Holds: the command ``python -m gmail_ingest_tests.browser.screenshots DIRECTORY``. It starts what
``gmail-ingest bench fairness`` measures (twelve tenants, three years each), waits until half of it
is done, and writes ``backfill.png``, ``backfills.png`` and ``partitions.png`` into the directory.
Keep out: how a page is opened (``dagster_pages``).
"""

from __future__ import annotations

import sys
from pathlib import Path

from gmail_ingest_lab.benchmarks.fairness import TwelveTenants, open_twelve
from gmail_ingest_tests.browser.dagster_pages import DagsterPages, open_pages

_MONTHS = 36
_EACH = 1_500
_SHARE = 0.5
_LONGEST_SECONDS = 3_600.0


def main(directory: Path) -> None:
    """Make the pictures.

    Args:
        directory: where they go; docs/images of a checkout.
    """
    with open_twelve(_MONTHS) as service:
        tenants = TwelveTenants(service)
        tenants.connect(_EACH, _MONTHS, _say)
        tenants.request(_MONTHS, _say)
        service.wait(
            lambda: sum(tenants.shares().values()) >= _SHARE * len(tenants.jobs),
            "half of the work",
            seconds=_LONGEST_SECONDS,
        )
        with open_pages(service.dagster_url) as pages:
            _take(pages, tenants, directory)
        if pages.errors:
            raise SystemExit(f"a page failed: {pages.errors}")


def _take(pages: DagsterPages, tenants: TwelveTenants, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    jobs = sorted(tenants.states().values(), key=lambda job: -job["progress"]["monthsDone"])
    pages.backfill(jobs[0]["dagsterBackfillId"]).screenshot(path=directory / "backfill.png")
    pages.backfills().screenshot(path=directory / "backfills.png")
    pages.partitions().screenshot(path=directory / "partitions.png")


def _say(step: str, done: float, total: float) -> None:
    sys.stderr.write(f"{step} ({done:.0f} of {total:.0f})\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
