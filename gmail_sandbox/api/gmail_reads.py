"""The reading methods of Gmail: profile, messages, threads, labels, history, send-as addresses.

Holds: one function a method, from a checked call to JSON. Add here: a further reading method.
Keep out: checks that all methods share (``gmail_calls``) and mail itself (``mailbox``).
Source: docs/google.md#history, #messages.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

import orjson

from gmail_sandbox.account.errors import UnknownLabelError
from gmail_sandbox.account.mailbox import StoredMessage, ThreadHit
from gmail_sandbox.api.gmail_calls import Answer, Call
from gmail_sandbox.api.paging import PageTokens, Position, resume
from gmail_sandbox.wire.google_errors import GoogleRefusalError

T = TypeVar("T")

_DEFAULT_PAGE = 100
_LARGEST_PAGE = 500
_ID = re.compile(r"[0-9a-f]{1,16}")
#: The estimate that the real service gives for any listing with more pages.
_ESTIMATE = 201
#: Listings that are under way, kept so that the pages of one need one search.
_KEPT_LISTINGS = 16


class Reads:
    """The reading methods; it keeps the listings that are under way."""

    def __init__(self) -> None:
        self._tokens = PageTokens()
        self._listings: OrderedDict[tuple[str, int, int], Sequence[Any]] = OrderedDict()
        self.answers: Mapping[str, Answer] = {
            "gmail.users.getProfile": get_profile,
            "gmail.users.messages.list": self.list_messages,
            "gmail.users.messages.get": get_message,
            "gmail.users.messages.attachments.get": get_attachment,
            "gmail.users.threads.list": self.list_threads,
            "gmail.users.threads.get": get_thread,
            "gmail.users.labels.list": list_labels,
            "gmail.users.labels.get": get_label,
            "gmail.users.settings.sendAs.list": list_send_as,
            "gmail.users.history.list": self.list_history,
        }

    def list_messages(self, call: Call) -> bytes:
        """Answer messages.list, newest first."""
        hits, content = self._page(
            call, call.mailbox.search, lambda hit: hit.id, lambda hit: hit.internal_date
        )
        if hits:
            content = {
                "messages": [{"id": hit.id, "threadId": hit.thread_id} for hit in hits],
                **content,
            }
        return orjson.dumps(content)

    def list_threads(self, call: Call) -> bytes:
        """Answer threads.list, newest matching message first."""
        hits, content = self._page(
            call,
            call.mailbox.search_threads,
            lambda hit: hit.thread_id,
            lambda hit: hit.newest.internal_date,
        )
        if hits:
            content = {"threads": [_thread_line(call, hit) for hit in hits], **content}
        return orjson.dumps(content)

    def list_history(self, call: Call) -> bytes:
        """Answer history.list: records after the start, and the mailbox's history id."""
        start = call.parameters.get("startHistoryId")
        if start is None:
            raise GoogleRefusalError("missing_start_history_id")
        query, after = _query_key(call), int(start)
        if "pageToken" in call.parameters:
            after = int(self._tokens.read(query, call.parameters["pageToken"])[0])
        content: dict[str, Any] = {}
        label = call.parameters.get("labelId")
        try:
            records = call.mailbox.history(
                after, types=call.parameters.get("historyTypes", ()), label_id=label
            )
        except UnknownLabelError as exc:
            raise GoogleRefusalError("invalid_label", detail=str(label)) from exc
        size = 0 if call.empty_page else _page_size(call)
        page = records[:size]
        if page:
            content["history"] = page
        if len(records) > size or call.empty_page:
            last = page[-1]["id"] if page else after
            content["nextPageToken"] = self._tokens.make(query, [int(last)])
        content["historyId"] = str(call.mailbox.history_id)
        return orjson.dumps(content)

    def _page(
        self,
        call: Call,
        search: Callable[..., Sequence[T]],
        id_of: Callable[[T], str],
        date_of: Callable[[T], int],
    ) -> tuple[Sequence[T], dict[str, Any]]:
        """Return the items of the page that a call asks for, and the rest of its answer."""
        query = _query_key(call)
        position = Position(0, "", 0)
        if "pageToken" in call.parameters:
            shown, last_id, last_date = self._tokens.read(query, call.parameters["pageToken"])
            position = Position(int(shown), str(last_id), int(last_date))
        items = _indexed(call, self._listing(call, query, search), date_of)
        start = resume(items, position, id_of, date_of)
        if call.empty_page:
            return (), {"nextPageToken": self._tokens.make(query, position)}
        end = start + _page_size(call)
        page = _ordered(call, items[start:end])
        if end >= len(items):
            return page, {"resultSizeEstimate": len(page)}
        last = Position(end, id_of(items[end - 1]), date_of(items[end - 1]))
        token = self._tokens.make(query, last)
        return page, {"nextPageToken": token, "resultSizeEstimate": _ESTIMATE}

    def _listing(self, call: Call, query: str, search: Callable[..., Sequence[T]]) -> Sequence[T]:
        key = (query, call.mailbox.history_id, call.mailbox.messages_total)
        kept = self._listings.get(key)
        if kept is not None:
            self._listings.move_to_end(key)
            return kept
        try:
            found = search(
                call.parameters.get("q", ""),
                label_ids=call.parameters.get("labelIds", ()),
                include_spam_trash=call.parameters.get("includeSpamTrash", False),
            )
        except UnknownLabelError as exc:
            labels = ", ".join(call.parameters.get("labelIds", ()))
            raise GoogleRefusalError("invalid_label", detail=labels) from exc
        if len(found) > _page_size(call):
            self._listings[key] = found
            if len(self._listings) > _KEPT_LISTINGS:
                self._listings.popitem(last=False)
        return found


def _indexed(call: Call, items: Sequence[T], date_of: Callable[[T], int]) -> Sequence[T]:
    if call.fault is None or call.fault.action != "staleIndex":
        return items
    indexed_until = (call.mailbox.now() - call.fault.stale_seconds) * 1_000
    return [item for item in items if date_of(item) < indexed_until]


def _ordered(call: Call, page: Sequence[T]) -> Sequence[T]:
    if call.fault is None or call.fault.action != "shuffled":
        return page
    return Random(call.fault.seed).sample(page, len(page))


def get_profile(call: Call) -> bytes:
    """Answer getProfile."""
    return orjson.dumps(
        {
            "emailAddress": call.mailbox.address,
            "messagesTotal": call.mailbox.messages_total,
            "threadsTotal": call.mailbox.threads_total,
            "historyId": str(call.mailbox.history_id),
        }
    )


def get_message(call: Call) -> bytes:
    """Answer messages.get in the format asked for."""
    return _render(call, call.mailbox.message(_id(call, "id")))


def get_attachment(call: Call) -> bytes:
    """Answer attachments.get: the decoded bytes of a part, in unpadded base64url."""
    data = call.mailbox.attachment(_id(call, "messageId"), call.parameters["id"])
    encoded = urlsafe_b64encode(data).rstrip(b"=")
    return b'{"size":%d,"data":"%b"}' % (len(data), encoded)


def get_thread(call: Call) -> bytes:
    """Answer threads.get: its messages, oldest first, and no snippet of its own."""
    thread_id = _id(call, "id")
    messages = b",".join(_render(call, message) for message in call.mailbox.thread(thread_id))
    history_id = call.mailbox.thread_history_id(thread_id)
    return b'{"id":"%b","historyId":"%d","messages":[%b]}' % (
        thread_id.encode(),
        history_id,
        messages,
    )


def list_labels(call: Call) -> bytes:
    """Answer labels.list, without counts."""
    return orjson.dumps({"labels": call.mailbox.labels()})


def get_label(call: Call) -> bytes:
    """Answer labels.get, with counts."""
    return orjson.dumps(call.mailbox.label(call.parameters["id"]))


def list_send_as(call: Call) -> bytes:
    """Answer settings.sendAs.list."""
    return orjson.dumps({"sendAs": call.mailbox.send_as.resources()})


def _render(call: Call, message: StoredMessage) -> bytes:
    return call.mailbox.render(
        message,
        call.parameters.get("format", "full"),
        metadata_headers=call.parameters.get("metadataHeaders", ()),
    )


def _thread_line(call: Call, hit: ThreadHit) -> dict[str, str]:
    return {
        "id": hit.thread_id,
        "snippet": call.mailbox.snippet(hit.newest),
        "historyId": str(call.mailbox.thread_history_id(hit.thread_id)),
    }


def _id(call: Call, name: str) -> str:
    text: str = call.parameters[name]
    if not _ID.fullmatch(text):
        raise GoogleRefusalError("invalid_id")
    return text


def _page_size(call: Call) -> int:
    asked = int(call.parameters.get("maxResults", 0))
    return min(asked or _DEFAULT_PAGE, _LARGEST_PAGE)


def _query_key(call: Call) -> str:
    given = call.parameters
    names = ("q", "labelIds", "includeSpamTrash", "startHistoryId", "historyTypes", "labelId")
    parts = [call.mailbox.address, call.method.id, *(repr(given.get(name)) for name in names)]
    return "\n".join(parts)
