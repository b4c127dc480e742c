"""The addresses that a mailbox may send mail as.

Holds: ``SendAs``. Add here: a field of Google's SendAs resource.
Keep out: mail, HTTP.
Source: docs/google.md#send-as-addresses. The primary address has no verification status; an alias
that its owner has not confirmed yet is pending, and nothing is sent as it.
"""

from typing import Any


class SendAs:
    """One mailbox's addresses.

    Args:
        primary: the mailbox's own address.
    """

    def __init__(self, primary: str) -> None:
        self._primary = primary
        self._aliases: dict[str, bool] = {}

    def put(self, address: str, *, verified: bool = True) -> None:
        """Add an alias, or change whether it is confirmed.

        Args:
            address: as the user wrote it.
            verified: whether mail may be sent as it.
        """
        self._aliases[address] = verified

    def rename(self, primary: str) -> None:
        """Make another address the primary one; the former stays as an alias.

        Args:
            primary: the new primary address.
        """
        self._aliases.pop(primary, None)
        self._aliases[self._primary] = True
        self._primary = primary

    def resources(self) -> list[dict[str, Any]]:
        """Return Google's SendAs resources, the primary address first."""
        primary = {
            "sendAsEmail": self._primary,
            "displayName": "",
            "isPrimary": True,
            "isDefault": True,
        }
        return [primary] + [
            {
                "sendAsEmail": address,
                "displayName": "",
                "treatAsAlias": True,
                "verificationStatus": "accepted" if verified else "pending",
            }
            for address, verified in self._aliases.items()
        ]
