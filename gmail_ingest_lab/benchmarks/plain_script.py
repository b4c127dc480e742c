"""The plain way to copy mailboxes, as a script would: the baseline of ``cpu`` and ``fleet``.

Holds: the process: one mailbox after the other, googleapiclient's batches of 50, row inserts.
Keep out: anything of ours: it parses no more than subject, sender and the first plain text, makes
no search vector, has no ledger, and would lose what fails.
Source: googleapiclient's own example of BatchHttpRequest; docs/google.md#batches.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import psycopg

from gmail_ingest_lab.benchmarks.plan_file import Answer, cpu_seconds, run_worker

_BATCH = 50
_TABLE = """
CREATE TABLE IF NOT EXISTS plain_emails (
    mailbox text, id text, thread_id text, internal_date bigint, labels text[],
    subject text, sender text, snippet text, body text, PRIMARY KEY (mailbox, id))
"""
_INSERT = """
INSERT INTO plain_emails VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (mailbox, id) DO NOTHING
"""


def work(plan: Mapping[str, Any]) -> Answer:
    """Copy the mailboxes of the plan: address to access token, at ``endpoint``."""
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build_from_document

    document = files("googleapiclient").joinpath("discovery_cache/documents/gmail.v1.json")
    gmail = json.loads(document.read_bytes()) | {"rootUrl": plan["endpoint"] + "/"}
    gmail.pop("mtlsRootUrl", None)
    with psycopg.connect(plan["database"]) as connection:
        connection.execute(_TABLE)
        connection.commit()
        started, began, stored = cpu_seconds(), time.monotonic(), 0
        for address, token in plan["mailboxes"].items():
            service = build_from_document(gmail, credentials=Credentials(token))
            stored += _copy(service, connection, address)
        seconds = time.monotonic() - began
    return {"startCpuSeconds": started, "seconds": seconds, "stored": stored}


def _copy(service: Any, connection: psycopg.Connection, address: str) -> int:  # noqa: ANN401 - googleapiclient has no types
    stored = 0

    def store(_id: str, message: dict[str, Any], error: Exception | None) -> None:
        nonlocal stored
        if error is None:
            connection.execute(_INSERT, _row(address, message))
            stored += 1

    for ids in _pages(service):
        for start in range(0, len(ids), _BATCH):
            batch = service.new_batch_http_request(callback=store)
            for message_id in ids[start : start + _BATCH]:
                batch.add(service.users().messages().get(userId="me", id=message_id))
            batch.execute()
            connection.commit()
    return stored


def _pages(service: Any) -> Iterator[list[str]]:  # noqa: ANN401 - googleapiclient has no types
    token = None
    while True:
        listed = service.users().messages().list(userId="me", maxResults=500, pageToken=token)
        page = listed.execute()
        yield [message["id"] for message in page.get("messages", ())]
        token = page.get("nextPageToken")
        if token is None:
            return


def _row(address: str, message: dict[str, Any]) -> tuple[object, ...]:
    payload = message["payload"]
    headers = {header["name"].lower(): header["value"] for header in payload.get("headers", ())}
    return (
        address,
        message["id"],
        message["threadId"],
        int(message["internalDate"]),
        message.get("labelIds", []),
        _clean(headers.get("subject", "")),
        _clean(headers.get("from", "")),
        _clean(message.get("snippet", "")),
        _clean(_text(payload)),
    )


def _text(part: dict[str, Any]) -> str:
    if part["mimeType"] == "text/plain" and (data := part["body"].get("data")):
        return urlsafe_b64decode(data + "==").decode("utf-8", "replace")
    return next(filter(None, map(_text, part.get("parts", ()))), "")


def _clean(text: str) -> str:
    return text.replace("\0", "")


if __name__ == "__main__":
    run_worker(work)
