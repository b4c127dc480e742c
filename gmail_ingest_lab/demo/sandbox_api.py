"""A client of the sandbox's admin API, and of its Gmail where the audit needs a second opinion.

Holds: ``SandboxApi``. Add here: a call that the demonstration makes. Keep out: the service's own
API (``local/sidecar_api``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gmail_ingest.local.readiness import loopback_session
from gmail_ingest_lab.demo.audit import GoogleMessage

#: Loading a large mbox is one call.
_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class PushTarget:
    """Where the sandbox's Pub/Sub delivers, and what its tokens say."""

    endpoint: str
    audience: str
    service_account: str


@dataclass(frozen=True, slots=True)
class Past:
    """Seeded mail between two ages, in days."""

    messages: int
    newest_days: float
    oldest_days: float


class Share(NamedTuple):
    """One of so many equal shares; the first has the number 0."""

    number: int
    of: int


class MailboxVersion(NamedTuple):
    """A mailbox's history id and size."""

    history_id: str
    messages: int


class SandboxApi:
    """The sandbox at an address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = loopback_session()

    def create_mailbox(
        self,
        address: str,
        *,
        messages: int = 0,
        seed: int = 0,
        span_days: float = 25.0,
        bursts: int = 0,
        past: Past | None = None,
    ) -> None:
        """Make a mailbox with seeded mail of the last ``span_days`` days, some of them busy, and
        of the past.
        """
        body = {"address": address, "messages": messages, "seed": seed}
        if past is not None:
            days = {"newestDays": past.newest_days, "oldestDays": past.oldest_days}
            body = body | {"past": {"messages": past.messages, **days}}
        self._post("mailboxes", body | {"spanDays": span_days, "bursts": bursts})

    def load_share(self, address: str, path: Path, share: Share, hold_back: int) -> None:
        """Load a share of an mbox's threads, all but the last ``hold_back`` messages."""
        body = {"path": str(path.resolve()), "share": list(share), "holdBack": hold_back}
        self._post(f"mailboxes/{address}/load", body)

    def create_service_account(self, email: str, mailboxes: Sequence[str]) -> dict[str, Any]:
        """Make a service account that may act for these mailboxes; returns its key file."""
        return self._post("service-accounts", {"email": email, "subjects": list(mailboxes)})

    def subscribe(self, target: PushTarget) -> None:
        """Push notifications of all mailboxes there from now on."""
        body = {
            "pushEndpoint": target.endpoint,
            "audience": target.audience,
            "serviceAccountEmail": target.service_account,
        }
        self._post("pubsub/subscription", body)

    def deliver(self, address: str, *, count: int, seed: int) -> list[GoogleMessage]:
        """Deliver seeded mail; returns what arrived."""
        return self._deliver(address, {"count": count, "seed": seed})

    def deliver_held_back(self, address: str, count: int) -> list[GoogleMessage]:
        """Deliver mail that a load held back; returns what arrived."""
        return self._deliver(address, {"heldBack": count})

    def delete(self, address: str, message_ids: Sequence[str]) -> None:
        """Delete messages for good."""
        self._post(f"mailboxes/{address}/delete", {"ids": list(message_ids)})

    def add_labels(self, address: str, message_ids: Sequence[str], *labels: str) -> None:
        """Put labels on messages."""
        body = {"ids": list(message_ids), "addLabelIds": list(labels)}
        self._post(f"mailboxes/{address}/modify", body)

    def held_back(self, address: str) -> int:
        """How many messages are still to arrive."""
        return int(self._get(f"mailboxes/{address}")["heldBack"])

    def messages(self, address: str) -> Iterator[GoogleMessage]:
        """Every message of a mailbox, in scope or not."""
        for line in self._get(f"mailboxes/{address}/messages")["messages"]:
            yield _message(address, line)

    def states(self) -> dict[str, MailboxVersion]:
        """The history id and size of each mailbox, which change with its messages."""
        shown = self._get("mailboxes")["mailboxes"]
        return {
            mailbox["address"]: MailboxVersion(mailbox["historyId"], mailbox["messages"])
            for mailbox in shown
        }

    def units_spent(self) -> int:
        """Quota units of all calls so far."""
        return int(self._get("counters")["units"]["total"])

    def lift_quota(self) -> None:
        """Refuse no call for its price any more."""
        self._post("limits", {"userPerMinute": None, "projectPerMinute": None})

    def access_token(self, address: str) -> str:
        """A token with which to read this mailbox as its owner could."""
        return str(self._post(f"mailboxes/{address}/tokens", {})["accessToken"])

    def subject(self, token: str, message_id: str) -> str:
        """A message's subject as Gmail decodes it; empty if it has none."""
        response = self._session.get(
            f"{self._url}/gmail/v1/users/me/messages/{message_id}",
            params={"format": "metadata", "metadataHeaders": "Subject"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_SECONDS,
        )
        response.raise_for_status()
        headers = response.json().get("payload", {}).get("headers", [])
        return str(headers[0]["value"]) if headers else ""

    def _deliver(self, address: str, body: dict[str, int]) -> list[GoogleMessage]:
        arrived = self._post(f"mailboxes/{address}/deliver", body)["messages"]
        return [_message(address, line) for line in arrived]

    def _get(self, path: str) -> dict[str, Any]:
        response = self._session.get(f"{self._url}/sandbox/{path}", timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
        content: dict[str, Any] = response.json()
        return content

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._session.post(
            f"{self._url}/sandbox/{path}", json=body, timeout=_TIMEOUT_SECONDS
        )
        response.raise_for_status()
        content: dict[str, Any] = response.json()
        return content


def _message(address: str, line: dict[str, Any]) -> GoogleMessage:
    labels, date = frozenset(line.get("labelIds", ())), int(line.get("internalDate", 0))
    return GoogleMessage(address, line["id"], line["threadId"], labels, date)
