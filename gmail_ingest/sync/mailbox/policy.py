"""Numbers of a sync: retries of a message, waits for Google, sizes of chunks.

Holds: ``SyncPolicy``. Add here: a number that several use cases share.
Keep out: reading of settings (the composition root fills the policy).
Source: docs/google.md#backoff, #parallel-calls, #young-messages.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

from gmail_ingest.core.ledger.completeness import PAGE_FILL
from gmail_ingest.core.quota.prices import Prices


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """Numbers of a sync; times in seconds unless they are timedeltas."""

    initial_days: int = 30
    #: Failed attempts after which a message is given up, and a job has failed. With the waits below
    #: (``first_retry``) that is one to two minutes of waiting for a message: 64 to 127 s.
    max_attempts: int = 8
    #: Crashes of a job's workers, one after the other, until it ends failed as a poison job.
    max_crashes: int = 5
    #: So many messages in a row without an answer: Google or the account is at fault.
    outage: int = 20
    #: So many calls in a row refused for one reason: find out whether the mailbox is refused.
    refusals: int = 20
    #: The first wait after an outage, doubled each time: most last for seconds, some for hours.
    outage_retry: float = 20.0
    #: Syncs that end in an unexplained refusal, until the account counts as suspended.
    suspect_attempts: int = 3
    calls_in_flight: int = 4
    lease: timedelta = timedelta(seconds=60)
    #: A wait up to this long is slept through; for a longer one the mailbox goes back to the queue,
    #: so that no worker is idle meanwhile (edge case 31).
    longest_sleep: float = 60.0
    #: A run waits for what is due again within this time, which costs less than another run's
    #: start.
    linger: float = 10.0
    #: So long after an incremental sync that found something, the mailbox is looked at once more:
    #: Google drops notifications beyond one a second. 0: never.
    look_again: float = 0.0
    #: The wait after a first failure, doubled with each further one up to the longest: of a
    #: message, a call, a refusal that names no time, a claim. The longest is not above
    #: ``longest_pause``.
    first_retry: float = 1.0
    longest_retry: float = 900.0
    #: A backfill sleeps through a pause up to this long, which costs less than starting another
    #: run. For a longer one its run ends, and the job waits.
    longest_pause: float = 900.0
    #: A 404 for an id first seen less than this long ago may be transient (edge case 13).
    young: float = 60.0
    #: Ids planned together: large enough that a thread is rarely cut in two by the boundary.
    chunk: int = 2000
    #: Messages written in one transaction, at the most bytes below.
    batch_messages: int = 100
    batch_bytes: int = 8_000_000
    #: Days that are compared together hold so many stored mails: one page of Google's listing.
    compared_together: int = PAGE_FILL
    #: Ids of several days that are listed at once at the most: more means mail that was never
    #: synced, and its days are listed in smaller groups, so that memory stays bounded.
    most_listed: int = 20_000
    prices: Prices = field(default_factory=Prices)

    def retry_delay(self, attempts: int, *, outage: bool = False) -> float:
        """Seconds until the next attempt after ``attempts`` failed ones, with half jitter."""
        first = self.outage_retry if outage else self.first_retry
        longest = min(self.longest_retry, first * 2.0 ** min(attempts, 30))
        return longest * (0.5 + random.random() / 2)
