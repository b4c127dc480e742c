"""After expired history: what is stored compared with Google as a whole, once.

Holds: ``reconcile``. Add here: nothing. Keep out: the comparison (``compare.py``).
Source: docs/google.md#expired-history (an expired history is forgotten for good); edge cases 3 and
67. The forgotten history may have deleted or relabelled mail of any age, so that all that is stored
is compared, not only the window that is listed again for new mail: 5 units for 500 ids.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gmail_ingest.core.ledger.windows import days_between
from gmail_ingest.sync.audit.compare import Comparison
from gmail_ingest.sync.audit.completeness import ComparableStore, MailboxVerification
from gmail_ingest.sync.audit.repair import Repair
from gmail_ingest.sync.mailbox.records import Counts, Lease
from gmail_ingest.sync.mailbox.session import MailboxSession


async def reconcile(session: MailboxSession[ComparableStore], lease: Lease) -> Counts:
    """Compare and repair all stored mail under a listing lease, and note that it was done.

    Returns what was repaired; units are not in it. Raises as a listing sync; what was not done
    then is begun again by the next sync.
    """
    store, mailbox = session.store, session.mailbox
    stored = await store.stored_days(mailbox.id)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    last = max(tomorrow, *(day + timedelta(days=1) for day in stored)) if stored else tomorrow
    days = days_between(min(stored), last) if stored else ()
    repair = Repair(session, lease=lease)
    found = MailboxVerification(mailbox.id, mailbox.address)
    await Comparison(session, found, repair).run(days)
    await store.reconciled(lease)
    return repair.counts
