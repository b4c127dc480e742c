"""When so much mail is gone at Gmail that a person must agree before it is removed here.

Holds: ``RemovalLimits`` and the sentence that asks. Keep out: counting and storing (adapters),
finding what is gone (``sync/audit/compare.py``).

An account that was deleted and created again, a mailbox that was emptied by mistake or by an
attacker, a search index that lost its contents: all look like mail that its owner deleted. Mail
that is removed here cannot be fetched again. So a mass is withheld, and a person is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: Removals are summed over this time, so that many small steps cannot avoid the question.
REMOVALS_OF = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RemovalLimits:
    """More than ``floor`` mails a day that are more than ``share`` of a mailbox are a mass."""

    share: float = 0.2
    floor: int = 20

    def room(self, stored: int, removed: int) -> int:
        """How many of ``stored`` mails may be removed without a question after ``removed`` in the
        last day.
        """
        most = max(self.floor, int(self.share * (stored + removed)))
        return max(0, most - removed)


#: The default limits.
UNASKED = RemovalLimits()


#: How a person agrees.
ACCEPTING = (
    "gmail-ingest verify TENANT --accept-removals, or POST /api/sync/{tenantId}/accept-removals"
)


def question(count: int) -> str:
    """The question to a person about ``count`` withheld removals."""
    mails = "1 mail" if count == 1 else f"{count} mails"
    return (
        f"{mails} that Gmail no longer has stay stored until a person agrees to their removal: "
        f"{ACCEPTING}"
    )
