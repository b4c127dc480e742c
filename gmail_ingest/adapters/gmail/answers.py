"""Converts Google's JSON to the values of the ports: the only place that reads raw dicts, but for
messages.

Holds: one pure function per kind of answer. Add here: the answer of another method. Keep out:
errors (``failures``), message payloads (``core.mail.payload``).
Source: docs/google.md#messages-and-threads (keys are absent when empty; 64-bit numbers are
strings), #history-pages, #lists.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson

from gmail_ingest.core.ledger.history_records import HistoryRecord
from gmail_ingest.errors import TransientError
from gmail_ingest.sync.mailbox.records import HistoryPage, ListPage, MessageRef, Profile, Watch

T = TypeVar("T")
Json = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Google's lists in a history record to the kinds of ``core.ledger.history_records``.
_KINDS = {
    "messagesAdded": "added",
    "messagesDeleted": "deleted",
    "labelsAdded": "labels",
    "labelsRemoved": "labels",
}


def decode(body: bytes) -> Json:
    """Decode the body of a successful answer; an empty body (204) is an empty object.

    Raises:
        TransientError: it is cut off, or no JSON object.
    """
    if not body:
        return {}
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise _unreadable() from exc
    if not isinstance(answer, dict):
        raise _unreadable()
    return answer


def read(function: Callable[[Json], T], answer: Json) -> T:
    """Apply one of the functions below.

    Raises:
        TransientError: the answer lacks a field, or a field has an unexpected type.
    """
    try:
        return function(answer)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as exc:
        raise _unreadable() from exc


def profile(answer: Json) -> Profile:
    """users.getProfile; the address in lower case, as mailboxes are kept."""
    return Profile(answer["emailAddress"].lower(), int(answer["historyId"]))


def aliases(answer: Json) -> tuple[str, ...]:
    """users.settings.sendAs.list: the owner's addresses, the primary one first, in lower case.

    An address that is not yet confirmed may be anybody's, and is left out.
    """
    return tuple(
        alias["sendAsEmail"].lower()
        for alias in answer.get("sendAs", ())
        if alias.get("isPrimary") or alias.get("verificationStatus") == "accepted"
    )


def list_page(answer: Json) -> ListPage:
    """users.messages.list."""
    refs = tuple(MessageRef(ref["id"], ref["threadId"]) for ref in answer.get("messages", ()))
    return ListPage(refs, answer.get("nextPageToken") or None)


def label_ids(answer: Json) -> frozenset[str]:
    """users.labels.list."""
    return frozenset(label["id"] for label in answer.get("labels", ()))


def history_page(answer: Json) -> HistoryPage:
    """users.history.list, each typed list flattened into records (edge case 9)."""
    records = tuple(
        record for entry in answer.get("history", ()) for record in _history_records(entry)
    )
    token = answer.get("nextPageToken") or None
    return HistoryPage(records, token, int(answer["historyId"]))


def _history_records(entry: Json) -> Iterator[HistoryRecord]:
    for name, kind in _KINDS.items():
        for change in entry.get(name, ()):
            message = change["message"]
            labels = message.get("labelIds")
            # Gmail leaves empty lists out. Only after a removal is a missing list surely empty;
            # elsewhere the labels may be unknown.
            if labels is None and name == "labelsRemoved":
                labels = ()
            yield HistoryRecord(
                history_id=int(entry["id"]),
                kind=kind,
                message_id=message["id"],
                thread_id=message.get("threadId", ""),
                label_ids=None if labels is None else tuple(labels),
            )


def watch(answer: Json) -> Watch:
    """users.watch; the expiration is in epoch milliseconds."""
    expires = _EPOCH + timedelta(milliseconds=int(answer["expiration"]))
    return Watch(int(answer["historyId"]), expires)


def message(message_id: str, answer: Json) -> Json:
    """users.messages.get: the message unchanged, if it is the requested one."""
    if answer["id"] != message_id:
        raise ValueError("another message")
    return answer


def thread_messages(answer: Json) -> dict[str, Json]:
    """users.threads.get: its messages by id."""
    return {message["id"]: message for message in answer.get("messages", ())}


def attachment(answer: Json) -> bytes:
    """users.messages.attachments.get: the bytes; Gmail leaves base64's padding out."""
    data = answer["data"]
    return urlsafe_b64decode(data + "=" * (-len(data) % 4))


def _unreadable() -> TransientError:
    return TransientError("Google's answer is cut off or not the JSON that it should be")
