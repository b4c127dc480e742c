"""The sandbox as a rehearsal uses it: mail that changes, faults, and the calls that they hit.

Holds: ``FaultySandbox``. Add here: an admin call that rehearsals make. Keep out: when to make it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gmail_ingest_lab.demo.audit import GoogleMessage
from gmail_ingest_lab.demo.sandbox_api import SandboxApi
from gmail_ingest_lab.rehearsal.faults import Fault


class FaultySandbox(SandboxApi):
    """The sandbox at an address; ``injected`` counts the faults that hit a call, by kind."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.injected: Counter[str] = Counter()
        self._kinds: dict[str, str] = {}

    def arm(self, faults: list[Fault]) -> None:
        """Replace the faults in force by these."""
        self.clear_faults()
        for fault in faults:
            armed = self._post("faults", dict(fault.rule))
            self._kinds[str(armed["id"])] = fault.kind

    def clear_faults(self) -> None:
        """Remove all faults, and count the calls that they hit."""
        for armed in self._get("faults")["faults"]:
            if armed["hits"]:
                self.injected[self._kinds.get(armed["id"], armed["action"])] += armed["hits"]
        self._delete("faults")

    def modify(
        self, address: str, message_id: str, *, add: tuple[str, ...], remove: tuple[str, ...]
    ) -> None:
        """Change the labels of a message."""
        body = {"ids": [message_id], "addLabelIds": list(add), "removeLabelIds": list(remove)}
        self._post(f"mailboxes/{address}/modify", body)

    def reply(self, address: str, thread_id: str, text: str) -> None:
        """Deliver a plain mail into a thread."""
        self._post_mail(f"mailboxes/{address}/deliver?threadId={thread_id}", text)

    def archive_on_arrival(self, address: str, text: str) -> None:
        """Deliver a plain mail that a filter keeps out of the inbox."""
        self._post_mail(f"mailboxes/{address}/deliver?labels=CATEGORY_FORUMS", text)

    def autosave(self, address: str, text: str, draft: str | None) -> GoogleMessage:
        """Save a draft, which gives it a new id."""
        body = {"text": text, "messageId": draft}
        return self._message(address, self._post(f"mailboxes/{address}/drafts/autosave", body))

    def send(self, address: str, draft: str) -> GoogleMessage:
        """Send a draft."""
        body = {"messageId": draft}
        return self._message(address, self._post(f"mailboxes/{address}/drafts/send", body))

    def create_label(self, address: str, name: str) -> str:
        """Make a user label; its id."""
        return str(self._post(f"mailboxes/{address}/labels", {"name": name})["id"])

    def rename_label(self, address: str, label: str, name: str) -> None:
        """Rename a user label."""
        self._request("PATCH", f"mailboxes/{address}/labels/{label}", {"name": name})

    def delete_label(self, address: str, label: str) -> None:
        """Delete a user label, with a record of history for each message that had it."""
        self._delete(f"mailboxes/{address}/labels/{label}")

    def rescope(self, address: str, scopes: Sequence[str]) -> None:
        """Reduce the grants of a mailbox and their tokens to these scopes."""
        self._post(f"mailboxes/{address}/grants/scopes", {"scopes": list(scopes)})

    def suppressed(self) -> int:
        """How many notifications were dropped: a mailbox gets one a second at the most."""
        return int(self._get("counters")["pushes"].get("suppressed", 0))

    def expire_history(self, address: str) -> None:
        """Expire a mailbox's history up to now."""
        self._post(f"mailboxes/{address}/history/expire", {})

    def restart_history(self, address: str, *, start_above: int) -> None:
        """Let the history ids of a mailbox go back."""
        self._post(f"mailboxes/{address}/history/restart", {"startAbove": start_above})

    def rename(self, address: str, new: str, *, pushes_as: str) -> None:
        """Give an account another primary address; it is found under the former one, too."""
        self._post(f"mailboxes/{address}/rename", {"address": new, "pushesAs": pushes_as})

    def recreate(self, address: str) -> None:
        """Delete an account, and make another with its address."""
        self._post(f"mailboxes/{address}/recreate", {"messages": 5, "spanDays": 3.0})

    def expire_tokens(self, address: str) -> None:
        """End a mailbox's access tokens early."""
        self._post(f"mailboxes/{address}/tokens/expire", {})

    def rotate_certificates(self, *, retire: bool) -> None:
        """Sign pushes with a new key; ``retire`` withdraws the old ones at once."""
        self._post("certs/rotate", {"retire": retire})

    def content(self, token: str, message_id: str) -> dict[str, Any]:
        """A whole message as its owner reads it."""
        response = self._session.get(
            f"{self._url}/gmail/v1/users/me/messages/{message_id}",
            params={"format": "full"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found

    def _delete(self, path: str) -> None:
        self._request("DELETE", path, None)

    def _request(self, verb: str, path: str, body: dict[str, Any] | None) -> None:
        response = self._session.request(verb, f"{self._url}/sandbox/{path}", json=body, timeout=60)
        response.raise_for_status()

    def _post_mail(self, path: str, text: str) -> None:
        response = self._session.post(
            f"{self._url}/sandbox/{path}",
            data=text.encode(),
            headers={"content-type": "message/rfc822"},
            timeout=60,
        )
        response.raise_for_status()

    @staticmethod
    def _message(address: str, line: dict[str, Any]) -> GoogleMessage:
        labels = frozenset(line.get("labelIds", ()))
        return GoogleMessage(address, line["id"], line["threadId"], labels)
