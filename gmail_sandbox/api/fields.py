"""Partial responses: the ``fields`` parameter.

Holds: the grammar of masks (``a,b(c,d),e/f,*``), their check against a schema, and their use.
Add here: nothing else. Keep out: which methods take a mask (all do).
Source: docs/google.md#partial-answers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from gmail_sandbox.api.discovery import document
from gmail_sandbox.wire.google_errors import GoogleRefusalError

#: A mask: what is kept of each named field; an empty mask keeps everything.
Mask = dict[str, "Mask"]

_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*|[*,/()]|(?P<bad>\S)|\s+")


@lru_cache(maxsize=256)
def compile_mask(text: str, schema: str) -> Mask:
    """Return the mask that ``text`` means for answers of ``schema``.

    Raises:
        GoogleRefusalError: 400, the text is no mask, or names a field that the schema has not.
    """
    tokens = [match.group() for match in _TOKEN.finditer(text) if not match.group().isspace()]
    reader = _Reader(tokens, text)
    mask = reader.selection()
    if reader.peek() is not None:
        raise _refuse(text)
    _check(mask, schema)
    return mask


def apply_mask(value: Any, mask: Mask) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a mask keeps of a JSON value; lists are masked item by item."""
    if not mask:
        return value
    if isinstance(value, list):
        return [apply_mask(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    every = mask.get("*")
    kept: dict[str, Any] = {}
    for name, content in value.items():
        wanted = mask.get(name, every)
        if wanted is not None:
            kept[name] = apply_mask(content, wanted)
    return kept


class _Reader:
    """A recursive descent over the tokens of one mask."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise _refuse(self._text)
        self._at += 1
        return token

    def selection(self) -> Mask:
        mask: Mask = {}
        while True:
            self._path(mask)
            if self.peek() != ",":
                return mask
            self.take()

    def _path(self, mask: Mask) -> None:
        name = self.take()
        if name in {",", "/", "(", ")"} or not (name == "*" or name[0].isalpha() or name[0] == "_"):
            raise _refuse(self._text if name in {",", "/", "(", ")"} else name)
        known = name in mask
        child: Mask = {}
        if self.peek() == "/":
            self.take()
            self._path(child)
        elif self.peek() == "(":
            self.take()
            child = self.selection()
            if self.take() != ")":
                raise _refuse(self._text)
        if known and (not child or not mask[name]):
            mask[name] = {}  # one of the two wants all of it
        elif known:
            _merge(mask[name], child)
        else:
            mask[name] = child


def _merge(into: Mask, other: Mask) -> None:
    for name, child in other.items():
        if name in into and into[name] and child:
            _merge(into[name], child)
        else:
            into[name] = {} if name in into else child


def _check(mask: Mask, schema: str) -> None:
    properties = document()["schemas"][schema]["properties"]
    for name, child in mask.items():
        if name == "*":
            rules = list(properties.values()) if child else []
        elif name in properties:
            rules = [properties[name]]
        else:
            raise _refuse(name)
        targets = [target for rule in rules if (target := _reference(rule)) is not None]
        if child and not targets:
            raise _refuse(next(iter(child)))
        _check_children(child, targets)


def _check_children(child: Mask, targets: list[str]) -> None:
    """A field below ``*`` must exist in one of the objects there, not in all of them."""
    refusals: list[GoogleRefusalError] = []
    for target in targets if child else ():
        try:
            _check(child, target)
        except GoogleRefusalError as refusal:
            refusals.append(refusal)
    if refusals and len(refusals) == len(targets):
        raise refusals[0]


def _reference(rule: dict[str, Any]) -> str | None:
    target: str | None = rule.get("$ref") or rule.get("items", {}).get("$ref")
    return target


def _refuse(part: str) -> GoogleRefusalError:
    return GoogleRefusalError("invalid_fields", detail=part)
