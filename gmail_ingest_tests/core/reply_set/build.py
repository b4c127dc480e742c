"""The bodies of the set, made of templates and languages.

Holds: ``Item`` and ``items``.
Add here: another notation of bodies.
Keep out: what mail programs write (``data/``), what counts as right (``judge``).
Source: the files of gmail_ingest_tests/core/reply_set/data. Bodies are parted by lines ``===
name``; a line ``only: en de`` behind a template names its languages, and without one it is filled
for each that has its words.

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
        language: The language that a template was filled with; ``""`` where there was none.
        body: The text or HTML as mail carries it.
        reply: The sender's own words.
        signature: The marked signature or a program's; ``""`` for none.
    """

    name: str
    kind: str
    language: str
    body: str
    reply: str
    signature: str


@functools.cache
def items() -> tuple[Item, ...]:
    """Return all bodies, in the order of the files."""
    return tuple(
        _item(kind, f"{kind}/{name}", language, source)
        for kind in KINDS
        for name, language, source in [*_written(kind), *_filled(kind)]
    )


def _written(kind: str) -> Iterator[tuple[str, str, str]]:
    for path in sorted(DATA.glob(f"bodies-{kind}-*.txt")):
        for name, source in _sections(path.name):
            yield name, "", source


def _filled(kind: str) -> Iterator[tuple[str, str, str]]:
    for name, source in _sections(f"templates-{kind}.txt"):
        only = _ONLY.search(source)
        body = _ONLY.sub("", source)
        needed = set(_PLACE.findall(body))
        for language in only[1].split() if only else languages():
            if needed <= languages()[language].keys():
                yield f"{name}/{language}", language, body


def _sections(file_name: str) -> list[tuple[str, str]]:
    parts = _HEAD.split((DATA / file_name).read_text("utf-8"))
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _item(kind: str, name: str, language: str, source: str) -> Item:
    # Bodies without a language take the signature's delimiter from the first.
    read = _html if kind.endswith("html") else _kept if kind == "keep-text" else _guttered
    body, reply, signature = read(source, languages()[language or "en"])
    return Item(name, kind, language, body, reply.strip("\n"), signature.strip("\n"))


def _guttered(source: str, values: Mapping[str, str]) -> tuple[str, str, str]:
    lines = [
        (line[0], text)
        for line in source.rstrip("\n").split("\n")
        for text in _fill(line[2:], values).split("\n")
    ]
    body, reply, signature = (
        "\n".join(text for gutter, text in lines if gutter in gutters)
        for gutters in ("+-=", "+", "=")
    )
    return f"{body}\n", reply, signature


def _kept(source: str, values: Mapping[str, str]) -> tuple[str, str, str]:
    body = _fill(source, values)
    return body, body, ""


def _html(source: str, values: Mapping[str, str]) -> tuple[str, str, str]:
    body, _, rest = source.partition("--- reply\n")
    reply, _, signature = rest.partition("--- signature\n")
    escaped = {key: html.escape(value, quote=False) for key, value in values.items()}
    return _fill(body, escaped), _fill(reply, values), _fill(signature, values)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)
