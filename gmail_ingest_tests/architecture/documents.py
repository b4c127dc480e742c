"""Markdown pages of the repository: their headings, and where they and the code lead.

Holds: ``pages``, ``modules``, ``contract``, ``anchors``, ``links``, ``missing``. Add here:
another way to name a page. Keep out: what must hold (the tests).
Source: https://docs.github.com/en/get-started/writing-on-github (how a heading becomes an anchor).
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("gmail_ingest", "webhook_api", "gmail_ingest_tests"),
    *("gmail_sandbox", "gmail_ingest_lab"),
)

_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_OUTSIDE = re.compile(r"[a-z]+:")
_NO_PART_OF_AN_ANCHOR = re.compile(r"[^\w\- ]")


def pages() -> list[Path]:
    """All Markdown pages that people read."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("gmail_*/*.md")])


def modules() -> list[Path]:
    """All modules of the project."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def contract(module: Path) -> str:
    """The docstring with which a module begins; empty if it has none."""
    text = module.read_text("utf-8")
    return text[3 : text.index('"""', 3)] if text.startswith('"""') else ""


@functools.cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in headings)
    return frozenset(
        _NO_PART_OF_AN_ANCHOR.sub("", heading).strip().lower().replace(" ", "-")
        for heading in plain
    )


def links(page: Path) -> Iterator[str]:
    """Where a page leads within the repository: a path, an anchor, or both."""
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if not _OUTSIDE.match(target):
            yield target


def missing(target: str, base: Path) -> bool:
    """Whether ``path#anchor``, seen from a directory or a page, leads nowhere."""
    name, _, anchor = target.partition("#")
    path = (base if base.is_dir() else base.parent) / name if name else base
    if not path.exists():
        return True
    return bool(anchor) and anchor not in anchors(path.resolve())
