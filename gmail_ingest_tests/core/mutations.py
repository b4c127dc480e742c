"""What can go wrong with a Message resource between its sender, Gmail and us.

Holds: ``mutated``: a copy with some random damage, the same for the same choices.
Add here: another way to damage a message. Keep out: expectations, where messages come from.
Source: edge cases 41 to 56.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

Json = dict[str, Any]

_TEXTS: Final = (
    "\x00", "a\ud800b", "\udfff", "\ud83d\ude00", "\ufeff", "\r\n.\r\nBcc: x@y", "\u2028\u202e",
    "=?utf-8?B?AAA=?=", "=?utf-7?Q?+2AA-?=", "=?x?Q?a?=", "=?iso-2022-jp?B?GyRC?=", "=?a?q?" * 400,
    "x" * 12_000, "\u4e2d" * 40_000, "<a@b>," * 3_000, "(" * 5_000, '"' * 5_001, "<" * 5_000,
    "@", "a@b@c", "<<a@b>>", "Wed, 33 Sep 2007 31:99", "undisclosed-recipients:;", "",
)  # fmt: skip
_CHARSETS: Final = (
    "utf-8", "utf-16", "utf-7", "idna", "base64", "zlib", "rot13", "x-none", "iso-2022-jp",
    "gb2312", "shift_jis", "\x00", "punycode", "u" * 500, "'utf-8", "UTF-8; x=y",
)  # fmt: skip
_BYTES: Final = (
    b"", b"\x00\x00", b"\xff\xfe\xd8", b"\xed\xa0\x80", b"\x80" * 300, "Gr\u00fc\u00dfe".encode(),
    b"<!--" * 500, b"<blockquote>" * 300, b"<p>" + b"a" * 50_000, b"\x1b$B\x1b(", b"On x wrote:\n>",
)  # fmt: skip
_TYPES: Final = (
    "text/plain", "text/html", "multipart/alternative", "multipart/related", "message/rfc822",
    "application/octet-stream", "TEXT/PLAIN", "", "text", "multipart/signed", "\x00",
)  # fmt: skip
_HEADERS: Final = (
    "From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Subject", "Date", "Message-ID",
    "References", "In-Reply-To", "Return-Path", "Content-Type", "Content-Disposition",
    "Content-ID", "Auto-Submitted", "Precedence", "List-Id", "__proto__", "constructor", "", " ",
)  # fmt: skip
_JUNK: Final[tuple[object, ...]] = (
    None, True, 0, -1, 2**70, 1.5, float("inf"), "", "x", [], {}, [[]], {"a": []},
)  # fmt: skip


def mutated(message: Json, others: Sequence[Json], random: Random) -> Json:
    """A copy of a message with one to six damages.

    Args:
        message: a Message resource; it stays as it is.
        others: messages of which parts may be put in.
        random: makes every choice.
    """
    damaged = copy.deepcopy(message)
    for _ in range(random.randint(1, 6)):
        random.choice(_DAMAGES)(damaged, others, random)
    return damaged


def _parts(message: Json) -> Iterator[Json]:
    waiting = [message.get("payload")]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            inner = part.get("parts")
            waiting.extend(inner if isinstance(inner, list) else ())


def _part(message: Json, random: Random) -> Json:
    return random.choice(list(_parts(message)) or [{}])


def _headers(part: Json) -> list[Any]:
    found = part.get("headers")
    if not isinstance(found, list):
        found = part["headers"] = []
    return found


def _change_header(message: Json, _: Sequence[Json], random: Random) -> None:
    headers = _headers(_part(message, random))
    text = random.choice(_TEXTS)
    if headers and random.random() < 0.7:
        header = random.choice(headers)
        if isinstance(header, dict):
            old = str(header.get("value"))
            at = random.randint(0, len(old))
            header["value"] = random.choice([text, old[:at] + text + old[at:], old * 2])
    else:
        headers.append({"name": random.choice(_HEADERS), "value": text})


def _lose_header(message: Json, _: Sequence[Json], random: Random) -> None:
    headers = _headers(_part(message, random))
    if headers:
        headers.pop(random.randrange(len(headers)))


def _change_charset(message: Json, _: Sequence[Json], random: Random) -> None:
    label = random.choice(_CHARSETS)
    value = f"{random.choice(_TYPES)}; charset={random.choice([label, repr(label)])}"
    _headers(_part(message, random)).insert(0, {"name": "Content-Type", "value": value})


def _change_data(message: Json, _: Sequence[Json], random: Random) -> None:
    body = _part(message, random).setdefault("body", {})
    if not isinstance(body, dict):
        return
    old = str(body.get("data", ""))
    encoded = base64.urlsafe_b64encode(random.choice(_BYTES)).decode()
    at = random.randint(0, len(old))
    damage = [encoded, encoded.rstrip("="), old[:at], old[:at] + encoded + old[at:], "?" + old, "a"]
    body["data"] = random.choice(damage)


def _change_type(message: Json, _: Sequence[Json], random: Random) -> None:
    _part(message, random)["mimeType"] = random.choice(_TYPES)


def _rename_file(message: Json, _: Sequence[Json], random: Random) -> None:
    part = _part(message, random)
    part["filename"] = random.choice(_TEXTS)
    part["partId"] = random.choice(("", "0", "0.0", "9" * 9_000))


def _lose_key(message: Json, _: Sequence[Json], random: Random) -> None:
    owner = random.choice([message, _part(message, random)])
    removable = [key for key in owner if key != "id"]
    if removable:
        del owner[random.choice(removable)]


def _put_junk(message: Json, _: Sequence[Json], random: Random) -> None:
    owner = random.choice([message, _part(message, random)])
    changeable = [key for key in owner if key != "id"]
    if changeable:
        owner[random.choice(changeable)] = random.choice(_JUNK)


def _nest(message: Json, _: Sequence[Json], random: Random) -> None:
    kind = random.choice(("multipart/mixed", "multipart/alternative", "message/rfc822"))
    for _ in range(random.choice((1, 30, 400))):
        message["payload"] = {"mimeType": kind, "parts": [message.get("payload")]}


def _graft(message: Json, others: Sequence[Json], random: Random) -> None:
    part = _part(message, random)
    inner = part.get("parts")
    if not isinstance(inner, list):
        inner = part["parts"] = []
    foreign = copy.deepcopy(random.choice(others)["payload"])
    inner.insert(random.randint(0, len(inner)), foreign)


def _repeat_parts(message: Json, _: Sequence[Json], random: Random) -> None:
    part = _part(message, random)
    if isinstance(part.get("parts"), list):
        part["parts"] = part["parts"] * random.choice((0, 2, 50))


def _change_label(message: Json, _: Sequence[Json], random: Random) -> None:
    message["labelIds"] = [random.choice(_TEXTS), "INBOX", random.choice(("TRASH", "SENT", ""))]
    message["snippet"] = random.choice(_TEXTS)
    message["threadId"] = random.choice((message.get("threadId"), *_TEXTS))


_DAMAGES: Final[tuple[Callable[[Json, Sequence[Json], Random], None], ...]] = (
    _change_header, _change_header, _lose_header, _change_charset, _change_data, _change_data,
    _change_type, _rename_file, _lose_key, _put_junk, _nest, _graft, _repeat_parts, _change_label,
)  # fmt: skip
