"""When mail that is gone at Gmail is too much of a mailbox to be removed without a person.

Holds: ``RemovalLimits`` and the sentence that asks. Add here: a rule of that kind.
Keep out: counting and keeping (adapters), finding what is gone (``sync/audit/compare.py``).

An account that was deleted and made anew, a mailbox that was emptied by mistake or by somebody
else, an index that has lost its contents: all look like mail that its owner deleted. What is
removed here cannot be fetched again, so that a mass is held back, and a person is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: Removals are added up over this long, so that many small steps are no way around the question.
REMOVALS_OF = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RemovalLimits:
    """More than ``floor`` mails a day that are more than ``share`` of a mailbox are a mass."""

    share: float = 0.2
    floor: int = 20

    def room(self, stored: int, removed: int) -> int:
        """How many of ``stored`` mails may go without a question, after ``removed`` went today."""
        most = max(self.floor, int(self.share * (stored + removed)))
        return max(0, most - removed)


#: What is used where nobody chose otherwise.
UNASKED = RemovalLimits()


#: How a person agrees.
ACCEPTING = (
    "gmail-ingest verify TENANT --accept-removals, or POST /api/sync/{tenantId}/accept-removals"
)


def question(count: int) -> str:
    """What a person is asked about so many withheld removals."""
    mails = "1 mail" if count == 1 else f"{count} mails"
    return (
        f"{mails} that Gmail no longer has stay stored until a person agrees that they go: "
        f"{ACCEPTING}"
    )
