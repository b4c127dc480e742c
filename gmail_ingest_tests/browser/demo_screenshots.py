"""Pictures of the demonstration for the README.

Holds: the command ``python -m gmail_ingest_tests.browser.demo_screenshots DAGSTER API DIRECTORY``,
beside a ``gmail-ingest demo`` whose mailboxes are synced: the addresses are those that it prints.
It writes ``emails.png``, ``completeness.png`` and ``api.png`` into the directory.
Keep out: how a page of Dagster's is opened (``dagster_pages``).
"""

from __future__ import annotations

import sys
from pathlib import Path

from gmail_ingest_tests.browser.dagster_pages import open_pages

_TENANT = "acme"


def main(dagster: str, api: str, directory: Path) -> None:
    """Make the pictures.

    Args:
        dagster: the address of Dagster's UI.
        api: the address of the sidecar.
        directory: where they go; docs/images of a checkout.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with open_pages(dagster) as pages:
        pages.emails_of(_TENANT).screenshot(path=directory / "emails.png")
        page = pages.completeness()
        page.screenshot(path=directory / "completeness.png")
        page.goto(f"{api}/docs")
        page.get_by_text("/api/integrations").first.wait_for()
        page.screenshot(path=directory / "api.png")
        if pages.errors:
            raise SystemExit(f"a page failed: {pages.errors}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
