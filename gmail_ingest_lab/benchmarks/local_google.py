"""The sandbox as benchmarks see it: mailboxes with grants, limits, and what was counted.

Holds: ``LocalGoogle``, which adds to the demonstration's client. Add here: an admin call that a
benchmark makes. Keep out: Gmail's own calls (they are what is measured).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from gmail_ingest_lab.demo.sandbox_api import SandboxApi


class LocalGoogle(SandboxApi):
    """The sandbox at an address."""

    def grant(self, address: str) -> OAuthKeys:
        """A consent of the mailbox's owner, whose access token is fresh."""
        granted = self._post(f"mailboxes/{address}/tokens", {})
        expires = datetime.now(UTC) + timedelta(seconds=int(granted["expiresIn"]))
        return OAuthKeys(
            str(granted["accessToken"]),
            str(granted["refreshToken"]),
            expires,
            tuple(granted["scopes"]),
        )

    def arrive(self, address: str, seed: int) -> str:
        """Let one mail come to the inbox; returns its id."""
        body = {"count": 1, "seed": seed, "labelIds": ["INBOX"]}
        arrived = self._post(f"mailboxes/{address}/deliver", body)["messages"]
        return str(arrived[0]["id"])

    def size(self, address: str) -> int:
        """Messages of a mailbox, those in spam and trash too."""
        return int(self._get(f"mailboxes/{address}")["messages"])

    def units_of(self, address: str) -> int:
        """Quota units that a mailbox has spent."""
        units: Mapping[str, int] = self._get("counters")["units"]["byMailbox"]
        return units.get(address, 0)

    def calls_of(self, address: str) -> int:
        """Calls for a mailbox, those that were refused too."""
        calls: Mapping[str, Mapping[str, int]] = self._get("counters")["callsByMailbox"]
        return sum(calls.get(address, {}).values())

    def calls_by_method(self, address: str) -> Mapping[str, int]:
        """Calls for a mailbox by method, e.g. ``gmail.users.messages.get``."""
        calls: Mapping[str, Mapping[str, int]] = self._get("counters")["callsByMailbox"]
        return calls.get(address, {})

    def repeats(self, address: str) -> Mapping[str, int]:
        """Answers that a mailbox was given before, by method."""
        repeats: Mapping[str, Mapping[str, int]] = self._get("counters")["repeats"]
        return repeats.get(address, {})

    def units_by_mailbox(self) -> Mapping[str, int]:
        """Quota units that each mailbox has spent."""
        units: Mapping[str, int] = self._get("counters")["units"]["byMailbox"]
        return units

    def reset_counters(self) -> None:
        """Count anew; quota already spent stays spent."""
        self._post("counters/reset", {})

    def months(self, address: str) -> Mapping[str, date]:
        """The UTC month of each message, by its id."""
        lines = self._get(f"mailboxes/{address}/messages")["messages"]
        return {line["id"]: _month(int(line["internalDate"])) for line in lines}

    def calls(self) -> int:
        """All calls, those that were refused too."""
        calls: Mapping[str, int] = self._get("counters")["calls"]
        return sum(calls.values())

    def rejections(self) -> int:
        """Calls refused for a limit."""
        rejections: Mapping[str, int] = self._get("counters")["rejections"]
        return sum(rejections.values())


def _month(milliseconds: int) -> date:
    return month_of(datetime.fromtimestamp(milliseconds / 1000, UTC))
