"""A module says where its facts come from, in a place that a reader can open."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gmail_ingest_tests.architecture.documents import ROOT, contract, missing, modules, pages

#: Texts that no reader of the repository has.
_UNOPENABLE = re.compile(
    r"google-facts|dagster-facts|house-style|design\.md|design promise|design \"|\(design\b"
)
_SOURCE = re.compile(r"(?:^|\s)Source:\s(.*?)(?=\n\n|\Z)", re.DOTALL)
_PAGE = re.compile(r"\bdocs/[\w./-]+\.md(?:#[\w-]+)?")
#: In a source, headings of the page before need no page: "docs/google.md#lists, #search".
_HEADING = re.compile(rf"({_PAGE.pattern})|(?<=[\s(])#([a-z][\w-]+)")
_CASE = re.compile(r"\b[Cc]ases? \d|\b[Mm]ail \d")
_STANDARD = re.compile(
    r"\b(RFC \d+|UAX #\d+|UTS \d+|X\.\d+|ITU-T|NIST SP|MS-OX\w+|IANA|vCalendar|WHATWG|Unicode|"
    r"PostgreSQL|psycopg|SQLAlchemy|Alembic|\w+\(\d\)|Jain, Chiu and Hawe)"
)
_FILE = re.compile(r"\b([\w/-]+\.(?:py|toml)\b|gmail_(?:ingest(?:_tests|_lab)?|sandbox)/[\w/]+)")


def _sources() -> Iterator[tuple[Path, str]]:
    for path in modules():
        for source in _SOURCE.findall(contract(path)):
            yield path, " ".join(source.split())


def _pages_in(source: str) -> Iterator[str]:
    page = ""
    for found in _HEADING.finditer(source):
        page = found[1].partition("#")[0] if found[1] else page
        yield found[1] or f"{page}#{found[2]}"


def _exists(name: str, module: Path) -> bool:
    """Whether a file is there as a source names it: from the root, or from a room of the module."""
    rooms = [ROOT, ROOT / "gmail_ingest", ROOT / "gmail_ingest/adapters/postgres"]
    return any((room / name).exists() for room in [*rooms, *module.parents])


def _opens(source: str, module: Path) -> bool:
    """Whether a source can be opened: a page, an address, a standard, a case, or a file here."""
    if "https://" in source or _CASE.search(source) or _STANDARD.search(source):
        return True
    return bool(_PAGE.search(source)) or any(_exists(n, module) for n in _FILE.findall(source))


def test_sources_can_be_opened():
    """Every source of a module is a page or file here, a public address, a standard or a case."""
    closed = {
        f"{path.relative_to(ROOT)}: {text}" for path, text in _sources() if not _opens(text, path)
    }
    assert closed == set()


def test_pages_that_modules_name_are_there():
    """Every page, heading and file that a source names exists, and every page of any text."""
    named = {(path, page) for path, text in _sources() for page in _pages_in(text)}
    named |= {(path, page) for path in modules() for page in _PAGE.findall(path.read_text("utf-8"))}
    wrong = {f"{path.relative_to(ROOT)}: {page}" for path, page in named if missing(page, ROOT)}
    assert wrong == set()


def test_files_that_sources_name_are_there():
    """Every module and folder that a source names exists."""
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in _sources()
        for name in _FILE.findall(text)
        if not _exists(name, path)
    }
    assert wrong == set()


def test_nothing_cites_what_no_reader_has():
    """No module and no page names a text that is not in the repository."""
    citing = {
        f"{path.relative_to(ROOT)}: {found}"
        for path in [*modules(), *pages()]
        if path != Path(__file__)
        for found in _UNOPENABLE.findall(path.read_text("utf-8"))
    }
    assert citing == set()


def test_headings_of_one_page_are_told_apart():
    """A source may name several headings of a page; each is looked for on that page."""
    source = "docs/google.md#lists, #search; docs/sandbox.md (see issue n8n#7)."
    assert list(_pages_in(source)) == [
        "docs/google.md#lists",
        "docs/google.md#search",
        "docs/sandbox.md",
    ]


@pytest.mark.parametrize(
    "text", ["the project's own contract.", "measured.", "``no_such.py``.", "Google's push guide."]
)
def test_a_source_that_leads_nowhere_is_found(text):
    """Words of one's own, and files that are not there, are no sources."""
    assert not _opens(text, Path(__file__))
