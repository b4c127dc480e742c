"""Our requests against those that googleapiclient itself sends for the same calls."""

import httplib2
import pytest
from googleapiclient.discovery import build

from gmail_ingest.adapters.gmail import requests as ours

ENDPOINT = "http://127.0.0.1:1"
LONG = "after:1 " + "x" * 3000


class Recorder(httplib2.Http):
    """Takes what googleapiclient would send, and answers an empty object."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def request(self, uri, method="GET", body=None, headers=None, **_):
        """Note the request; answer an empty object."""
        self.sent.append((method, uri, body, headers))
        return httplib2.Response({"status": "200"}), b"{}"


def library(make):
    """What googleapiclient sends for ``make(users)``."""
    recorder = Recorder()
    service = build(
        "gmail",
        "v1",
        http=recorder,
        static_discovery=True,
        client_options={"api_endpoint": ENDPOINT},
    )
    make(service.users()).execute()
    return recorder.sent[0]


HISTORY_FIELDS = (
    "history(id,messagesAdded(message(id,threadId,labelIds)),"
    "messagesDeleted(message(id,threadId,labelIds)),labelsAdded(message(id,threadId,labelIds)),"
    "labelsRemoved(message(id,threadId,labelIds))),nextPageToken,historyId"
)
LIST_FIELDS = "messages(id,threadId),nextPageToken"

CALLS = {
    "profile": (
        lambda r: r.profile(),
        lambda u: u.getProfile(userId="me", fields="emailAddress,historyId"),
    ),
    "send-as addresses": (
        lambda r: r.send_as(),
        lambda u: (
            u.settings()
            .sendAs()
            .list(userId="me", fields="sendAs(sendAsEmail,isPrimary,verificationStatus)")
        ),
    ),
    "message": (
        lambda r: r.message("18c/ä +"),
        lambda u: u.messages().get(userId="me", id="18c/ä +", format="full", prettyPrint=False),
    ),
    "thread": (
        lambda r: r.thread("18c"),
        lambda u: u.threads().get(userId="me", id="18c", format="full", prettyPrint=False),
    ),
    "list": (
        lambda r: r.list_messages("after:1 before:2", "tok=/+"),
        lambda u: u.messages().list(
            userId="me",
            q="after:1 before:2",
            maxResults=500,
            pageToken="tok=/+",
            fields=LIST_FIELDS,
            prettyPrint=False,
        ),
    ),
    "list of all": (
        lambda r: r.list_messages("", None),
        lambda u: u.messages().list(
            userId="me", maxResults=500, fields=LIST_FIELDS, prettyPrint=False
        ),
    ),
    "list of a label, everywhere": (
        lambda r: r.list_messages("", None, label_id="Label_1", everywhere=True),
        lambda u: u.messages().list(
            userId="me",
            labelIds="Label_1",
            includeSpamTrash=True,
            maxResults=500,
            fields=LIST_FIELDS,
            prettyPrint=False,
        ),
    ),
    "labels": (
        lambda r: r.label_ids(),
        lambda u: u.labels().list(userId="me", fields="labels(id)", prettyPrint=False),
    ),
    "list with a long query": (
        lambda r: r.list_messages(LONG, None),
        lambda u: u.messages().list(
            userId="me", q=LONG, maxResults=500, fields=LIST_FIELDS, prettyPrint=False
        ),
    ),
    "history": (
        lambda r: r.list_history(2**64, "tok"),
        lambda u: u.history().list(
            userId="me",
            startHistoryId=str(2**64),
            maxResults=500,
            pageToken="tok",
            fields=HISTORY_FIELDS,
            prettyPrint=False,
        ),
    ),
    "attachment": (
        lambda r: r.attachment("18c", "ANGj-x_y"),
        lambda u: u.messages().attachments().get(userId="me", messageId="18c", id="ANGj-x_y"),
    ),
    "watch": (
        lambda r: r.watch("projects/p/topics/t"),
        lambda u: u.watch(userId="me", body={"topicName": "projects/p/topics/t"}),
    ),
    "stop": (lambda r: r.stop(), lambda u: u.stop(userId="me")),
}


@pytest.mark.parametrize("name", CALLS)
def test_request_is_what_googleapiclient_sends(name):
    """Method, URI, body and the headers that change their meaning are the library's own."""
    mine, theirs = CALLS[name]
    request = mine(ours.GmailRequests(ENDPOINT))
    method, uri, body, headers = library(theirs)
    assert (request.method, request.url, request.body) == (method, uri, body)
    for header in ("accept", "content-type", "x-http-method-override", "x-goog-api-client"):
        assert request.headers.get(header) == headers.get(header)


def test_requests_go_to_the_endpoint_whatever_the_environment_says(monkeypatch):
    """No Google variable of the environment sends mail calls to another host."""
    monkeypatch.setenv("GOOGLE_API_USE_MTLS_ENDPOINT", "always")
    request = ours.GmailRequests("http://127.0.0.1:2/").profile()
    assert request.url.startswith("http://127.0.0.1:2/gmail/v1/users/me/profile?")
