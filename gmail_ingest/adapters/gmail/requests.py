"""Requests to the Gmail API, built by googleapiclient from the discovery document it ships with.

Holds: ``GmailRequests``: one method per call that the service makes.
Add here: another method of the API, with the fields of its answer that are used.
Keep out: sending (``transport``), prices, errors.
Source: docs/google.md#history-pages, #lists, #partial-answers, #client-library; the static
discovery document of googleapiclient. Building a resource takes more CPU than sending, so the
service and its resources are built once per endpoint. Building a request still takes 30
microseconds, a seventh of a whole call. So requests that are made for every message and differ only
in an id are built once, as templates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

#: The largest pages that Google gives: a page costs the same units whatever its size.
PAGE_SIZE = 500
#: For longer URLs, googleapiclient puts a GET's query into a POST body.
LONGEST_URL = 2048
#: All calls are about the mailbox of the token.
USER = "me"

_LIST_FIELDS = "messages(id,threadId),nextPageToken"
_CHANGE = "message(id,threadId,labelIds)"
_HISTORY_FIELDS = (
    f"history(id,messagesAdded({_CHANGE}),messagesDeleted({_CHANGE}),"
    f"labelsAdded({_CHANGE}),labelsRemoved({_CHANGE})),nextPageToken,historyId"
)
_LABEL_FIELDS = "labels(id)"
_PROFILE_FIELDS = "emailAddress,historyId"
_SEND_AS_FIELDS = "sendAs(sendAsEmail,isPrimary,verificationStatus)"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request as it goes on the wire; ``method_id`` is its name in the discovery document."""

    method_id: str
    method: str
    url: str
    body: str | None
    headers: dict[str, str]


class _ById:
    """A request that the library built once, as a template for any id."""

    _SAMPLE = "SAMPLE-ID"

    def __init__(self, method: Any) -> None:  # noqa: ANN401 - googleapiclient has no types
        self._made: ApiRequest = method(
            userId=USER, id=self._SAMPLE, format="full", prettyPrint=False
        )
        self._before, self._after = self._made.url.split(self._SAMPLE)

    def __call__(self, identifier: str) -> ApiRequest:
        url = self._before + quote(identifier, safe="") + self._after
        return ApiRequest(self._made.method_id, "GET", url, None, self._made.headers)


class GmailRequests:
    """Builds requests for one endpoint. Stateless after construction: share it freely.

    A page of a list has ``page_size`` entries.
    """

    def __init__(self, endpoint: str, *, page_size: int = PAGE_SIZE) -> None:
        self._page_size = page_size
        users = _service(endpoint).users()
        self._users = users
        self._messages = users.messages()
        self._attachments = self._messages.attachments()
        self._history = users.history()
        self._labels = users.labels()
        self._send_as = users.settings().sendAs()
        self._message = _ById(self._messages.get)
        self._thread = _ById(users.threads().get)

    def profile(self) -> ApiRequest:
        """users.getProfile."""
        return self._made(self._users.getProfile(userId=USER, fields=_PROFILE_FIELDS))

    def send_as(self) -> ApiRequest:
        """users.settings.sendAs.list: the addresses that the mailbox sends as."""
        return self._made(self._send_as.list(userId=USER, fields=_SEND_AS_FIELDS))

    def list_messages(
        self,
        query: str,
        page_token: str | None,
        *,
        label_id: str | None = None,
        everywhere: bool = False,
    ) -> ApiRequest:
        """users.messages.list: a page of ids that match a Gmail search; "" is every message.

        Spam and trash are included only if ``everywhere``, whatever the label.
        """
        return self._made(
            self._messages.list(
                userId=USER,
                q=query or None,
                labelIds=label_id,
                includeSpamTrash=everywhere or None,
                maxResults=self._page_size,
                pageToken=page_token,
                fields=_LIST_FIELDS,
                prettyPrint=False,
            )
        )

    def label_ids(self) -> ApiRequest:
        """users.labels.list: every label's id."""
        return self._made(self._labels.list(userId=USER, fields=_LABEL_FIELDS, prettyPrint=False))

    def list_history(self, start: int, page_token: str | None) -> ApiRequest:
        """users.history.list: changes after ``start``, of all kinds and labels (edge case 11)."""
        return self._made(
            self._history.list(
                userId=USER,
                startHistoryId=str(start),
                maxResults=self._page_size,
                pageToken=page_token,
                fields=_HISTORY_FIELDS,
                prettyPrint=False,
            )
        )

    def message(self, message_id: str) -> ApiRequest:
        """users.messages.get with the payload tree."""
        return self._message(message_id)

    def has_message(self, message_id: str) -> ApiRequest:
        """users.messages.get of the id alone."""
        return self._made(
            self._messages.get(userId=USER, id=message_id, format="minimal", fields="id")
        )

    def thread(self, thread_id: str) -> ApiRequest:
        """users.threads.get with the payload tree of each message."""
        return self._thread(thread_id)

    def attachment(self, message_id: str, attachment_id: str) -> ApiRequest:
        """users.messages.attachments.get."""
        return self._made(
            self._attachments.get(userId=USER, messageId=message_id, id=attachment_id)
        )

    def watch(self, topic: str) -> ApiRequest:
        """users.watch for every label."""
        return self._made(self._users.watch(userId=USER, body={"topicName": topic}))

    def stop(self) -> ApiRequest:
        """users.stop."""
        return self._made(self._users.stop(userId=USER))

    @staticmethod
    def _made(request: ApiRequest) -> ApiRequest:
        """Give the result of ``_capture`` its type, which untyped googleapiclient loses."""
        return request


def _capture(
    http: object,  # noqa: ARG001 - googleapiclient calls with all of these
    postproc: object,  # noqa: ARG001 - as http
    uri: str,
    method: str = "GET",
    body: str | None = None,
    headers: dict[str, str] | None = None,
    methodId: str = "",  # noqa: N803 - googleapiclient's name
    resumable: object = None,  # noqa: ARG001 - as http
) -> ApiRequest:
    """Replaces googleapiclient's HttpRequest, including its rule for long URLs."""
    headers = headers or {}
    if len(uri) > LONGEST_URL and method == "GET":
        parts = urlsplit(uri)
        headers["x-http-method-override"] = "GET"
        headers["content-type"] = "application/x-www-form-urlencoded"
        bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        return ApiRequest(methodId, "POST", bare, parts.query, headers)
    return ApiRequest(methodId, method, uri, body, headers)


class _NoHttp:
    """Passed as ``http``, so that googleapiclient does not look for credentials."""


@lru_cache(maxsize=8)
def _service(endpoint: str) -> Any:  # noqa: ANN401 - googleapiclient makes its classes at run time
    # The import takes 0.2 to 0.3 s of CPU: only in processes that call Gmail.
    from googleapiclient.discovery import build_from_document

    document = json.loads(
        files("googleapiclient")
        .joinpath("discovery_cache", "documents", "gmail.v1.json")
        .read_bytes()
    )
    document["rootUrl"] = endpoint.rstrip("/") + "/"
    # Removed, so that no environment variable can redirect the calls.
    document.pop("mtlsRootUrl", None)
    return build_from_document(document, http=_NoHttp(), requestBuilder=_capture)
