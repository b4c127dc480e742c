"""Records of prepared mail in the spool, and the Message resources made of them.

Holds: the record's layout, and the four formats.
Add here: a format, or a field of the Message resource. Keep out: MIME (``payload.py``), ids
of attachments (``attachments.py``), which message exists (``mailbox.py``), HTTP.
Source: docs/google.md#messages-and-threads, #parts.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from gmail_sandbox.account.attachments import AttachmentIds
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.mail.payload import HOLE, SEARCH_FIELDS, Prepared, encode_base64url

_LENGTHS: Final = struct.Struct(">IIII")
# 200 characters, each at most the six bytes of "&quot;".
_SNIPPET_LIMIT: Final = 1400
_HOLE: Final = re.compile(HOLE + rb"(\d+),(\d+)" + HOLE)


@dataclass(slots=True, eq=False)
class StoredMessage:
    """One message; its content lies in the spool.

    Treat it as read-only outside the mailbox. `internal_date` is epoch milliseconds,
    `size_estimate` the bytes of the raw mail.
    """

    id: str
    thread_id: str
    label_ids: frozenset[str]
    internal_date: int
    history_id: int
    size_estimate: int
    record_offset: int
    record_length: int
    rfc_key: int


class Renderer:
    """Stores prepared mail and serves it again.

    Args:
        spool: where records and attachments lie.
        ids: makes the attachment ids.
    """

    def __init__(self, spool: Spool, ids: AttachmentIds) -> None:
        self._spool = spool
        self._ids = ids
        self._label_json: dict[frozenset[str], str] = {}

    def store(self, prepared: Prepared, raw: bytes) -> tuple[int, int]:
        """Write a record, followed by the raw mail.

        Args:
            prepared: the mail as it will be served.
            raw: the mail as delivered.

        Returns:
            Offset and length of the record.
        """
        parts = (prepared.snippet, prepared.head, prepared.tail, prepared.search)
        lengths = _LENGTHS.pack(*map(len, parts))
        offset = self._spool.append(lengths, *parts, raw)
        return offset, len(lengths) + sum(map(len, parts))

    def render(
        self, message: StoredMessage, message_format: str, metadata_headers: Sequence[str]
    ) -> bytes:
        """Return the JSON of a Message resource.

        Args:
            message: the message.
            message_format: ``minimal``, ``metadata``, ``full`` or ``raw``.
            metadata_headers: for ``metadata``, the only headers wanted; all if empty.

        Raises:
            ValueError: there is no such format.
        """
        if message_format == "full":
            snippet, head, tail, _ = self._record(message)
            return b'%b,"payload":%b%b}' % (
                self._common(message, snippet),
                head,
                self._fill_holes(message.id, tail),
            )
        if message_format == "metadata":
            snippet, head, _, _ = self._record(message)
            return b'%b,"payload":%b}' % (
                self._common(message, snippet),
                _metadata(head, metadata_headers),
            )
        if message_format == "minimal":
            return self._common(message, self._snippet(message)) + b"}"
        if message_format == "raw":
            encoded = encode_base64url(self.raw(message))
            return b'%b,"raw":"%b"}' % (self._common(message, self._snippet(message)), encoded)
        raise ValueError(f"unknown message format: {message_format}")

    def raw(self, message: StoredMessage) -> bytes:
        """Return the mail as delivered.

        Args:
            message: the message.
        """
        return self._spool.read(
            message.record_offset + message.record_length, message.size_estimate
        )

    def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return an attachment's bytes, transfer encoding removed, charset as declared.

        Args:
            message_id: the message.
            attachment_id: from a recent ``full`` of that message.

        Raises:
            UnknownAttachmentError: not of this message, or too old.
        """
        return self._spool.read(*self._ids.open(message_id, attachment_id))

    def snippet(self, message: StoredMessage) -> str:
        """Return the snippet, HTML-escaped.

        Args:
            message: the message.
        """
        snippet: str = orjson.loads(self._snippet(message))
        return snippet

    def search_fields(self, message: StoredMessage) -> dict[str, bytes]:
        """Return the words of the message by field of `SEARCH_FIELDS`.

        Args:
            message: the message.
        """
        return dict(zip(SEARCH_FIELDS, self._record(message)[3].split(b"\n"), strict=True))

    def _record(self, message: StoredMessage) -> tuple[bytes, bytes, bytes, bytes]:
        record = self._spool.read(message.record_offset, message.record_length)
        snippet, head, tail, _ = _LENGTHS.unpack_from(record)
        snippet_end = _LENGTHS.size + snippet
        head_end = snippet_end + head
        tail_end = head_end + tail
        return (
            record[_LENGTHS.size : snippet_end],
            record[snippet_end:head_end],
            record[head_end:tail_end],
            record[tail_end:],
        )

    def _snippet(self, message: StoredMessage) -> bytes:
        start = self._spool.read(message.record_offset, _LENGTHS.size + _SNIPPET_LIMIT)
        return start[_LENGTHS.size : _LENGTHS.size + _LENGTHS.unpack_from(start)[0]]

    def _common(self, message: StoredMessage, snippet: bytes) -> bytes:
        return (
            f'{{"id":"{message.id}","threadId":"{message.thread_id}",'
            f'{self._labels(message.label_ids)}"historyId":"{message.history_id}",'
            f'"internalDate":"{message.internal_date}","sizeEstimate":{message.size_estimate},'
            f'"snippet":'
        ).encode() + snippet

    def _labels(self, label_ids: frozenset[str]) -> str:
        known = self._label_json.get(label_ids)
        if known is None:
            # Google leaves the key out when a message has no label (archived, read mail).
            known = f'"labelIds":{orjson.dumps(sorted(label_ids)).decode()},' if label_ids else ""
            self._label_json[label_ids] = known
        return known

    def _fill_holes(self, message_id: str, tail: bytes) -> bytes:
        if HOLE not in tail:
            return tail
        return _HOLE.sub(
            lambda hole: self._ids.seal(message_id, int(hole[1]), int(hole[2])).encode(), tail
        )


def _metadata(head: bytes, wanted: Sequence[str]) -> bytes:
    part = orjson.loads(head + b"}")
    names = {name.lower() for name in wanted}
    headers = [header for header in part["headers"] if not names or header["name"].lower() in names]
    return orjson.dumps({"mimeType": part["mimeType"], "headers": headers})
