"""Cursors: the end of a page, as text that callers send back.

Holds: ``Position``, ``encode_cursor``, ``decode_cursor``. Add here: a new version of the format;
keep the old one as long as callers may have it. Keep out: SQL.

A cursor names the last mail shown, not a number of mails, so mail that arrives or is removed
meanwhile does not shift pages. It has a digest of the filters, because it is meaningless in another
list. It is neither a secret nor a permission: it names one mail of the tenant.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.errors import InvalidInputError

_VERSION = 1
_DIGEST_BYTES = 8
#: Version, digest of the filters, microseconds since 1970, mailbox id; the Gmail id follows.
_HEAD = struct.Struct(f">B{_DIGEST_BYTES}sqq")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of lists. An empty ``gmail_id`` sorts before all mail of the same
    moment.
    """

    internal_date: datetime
    mailbox_id: int
    gmail_id: str


def encode_cursor(position: Position, wanted: EmailFilter) -> str:
    """The cursor of a position in the list of these filters; safe in a URL."""
    micros = (position.internal_date - _EPOCH) // _MICROSECOND
    head = _HEAD.pack(_VERSION, _digest(wanted), micros, position.mailbox_id)
    return urlsafe_b64encode(head + position.gmail_id.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, wanted: EmailFilter) -> Position:
    """The position that a cursor names.

    Raises:
        InvalidInputError: field ``cursor``: it is no cursor, is of another release, or comes from a
            list with other filters.
    """
    try:
        content = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        version, digest, micros, mailbox_id = _HEAD.unpack_from(content)
        if version != _VERSION:
            raise _invalid("is of another release: start at the first page")
        position = Position(
            _EPOCH + micros * _MICROSECOND, mailbox_id, content[_HEAD.size :].decode()
        )
    except (Base64Error, UnicodeError, OverflowError, struct.error) as error:
        raise _invalid("is not one that this API gave out") from error
    if digest != _digest(wanted):
        raise _invalid("comes from a list with other filters: start at the first page")
    # Base64 has several spellings of one content, of which one is valid; Postgres refuses U+0000.
    if encode_cursor(position, wanted) != cursor or "\0" in position.gmail_id:
        raise _invalid("is not one that this API gave out")
    return position


def _digest(wanted: EmailFilter) -> bytes:
    canonical = repr(astuple(wanted)).encode("utf-8", "backslashreplace")
    return blake2b(canonical, digest_size=_DIGEST_BYTES).digest()


def _invalid(reason: str) -> InvalidInputError:
    return InvalidInputError("cursor", reason)
