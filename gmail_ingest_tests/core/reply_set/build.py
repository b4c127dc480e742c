"""The bodies of the set, made of templates and languages.

Holds: ``Item`` and ``items``.
Add here: another notation of bodies.
Keep out: what mail programs write (``data/``), what counts as right (``judge``).
Source: the files of ``data/``. Bodies are parted by lines ``=== name``; a line ``only: en de``
behind a template names its languages, and without one it is filled for each that has its words.

- ``templates-text.txt``, ``bodies-text-*.txt``: a gutter says whose a line is: ``+`` the sender's
  own, ``=`` of the signature, ``-`` neither.
- ``templates-html.txt``, ``bodies-html-*.txt``: the source, and behind ``--- reply`` and
  ``--- signature`` what a reader is to find.
- ``templates-keep-text.txt``, ``bodies-keep-text-*.txt``: all of it is the sender's own.
- ``templates-keep-html.txt``, ``bodies-keep-html-*.txt``: as other HTML.
"""

import functools
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gmail_ingest_tests.core.reply_set.languages import DATA, languages

_HEAD = re.compile(r"^=== (.+)\n", re.MULTILINE)
_ONLY = re.compile(r"^only: (.+)\n?", re.MULTILINE)
_PLACE = re.compile(r"\{([a-z_]+\d?)\}")

# Of the last two nothing may be cut but a signature.
KINDS = ("text", "html", "keep-text", "keep-html")


@dataclass(frozen=True, slots=True)
class Item:
    """A body with what its sender wrote.

    Attributes:
        name: Notation, program and layout, language.
        kind: One of ``KINDS``.
        body: The text or HTML as mail carries it.
        reply: The sender's own words.
        signature: The marked signature or a program's; ``""`` for none.
    """

    name: str
    kind: str
    body: str
    reply: str
    signature: str


@functools.cache
def items() -> tuple[Item, ...]:
    """Return all bodies, in the order of the files."""
    return tuple(
        _item(kind, name, source, values)
        for kind in KINDS
        for name, source, values in [*_written(kind), *_filled(kind)]
    )


def _written(kind: str) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for path in sorted(DATA.glob(f"bodies-{kind}-*.txt")):
        for name, source in _sections(path.name):
            yield f"{kind}/{name}", source, {"delimiter": languages()["en"]["delimiter"]}


def _filled(kind: str) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for name, source in _sections(f"templates-{kind}.txt"):
        only = _ONLY.search(source)
        body = _ONLY.sub("", source)
        needed = set(_PLACE.findall(body))
        for code in only[1].split() if only else languages():
            if needed <= languages()[code].keys():
                yield f"{kind}/{name}/{code}", body, languages()[code]


def _sections(file_name: str) -> list[tuple[str, str]]:
    parts = _HEAD.split((DATA / file_name).read_text("utf-8"))
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _item(kind: str, name: str, source: str, values: Mapping[str, str]) -> Item:
    if kind.endswith("html"):
        return _html_item(kind, name, source, values)
    if kind == "keep-text":
        body = _fill(source, values)
        return Item(name, kind, body, body.strip("\n"), "")
    lines = [
        (line[0], text)
        for line in source.rstrip("\n").split("\n")
        for text in _fill(line[2:], values).split("\n")
    ]
    body, reply, signature = (
        "\n".join(text for gutter, text in lines if gutter in gutters)
        for gutters in ("+-=", "+", "=")
    )
    return Item(name, kind, f"{body}\n", reply.strip("\n"), signature.strip("\n"))


def _html_item(kind: str, name: str, source: str, values: Mapping[str, str]) -> Item:
    body, _, rest = source.partition("--- reply\n")
    reply, _, signature = rest.partition("--- signature\n")
    escaped = {key: html.escape(value, quote=False) for key, value in values.items()}
    expected = (_fill(text, values).strip("\n") for text in (reply, signature))
    return Item(name, kind, _fill(body, escaped), *expected)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)
