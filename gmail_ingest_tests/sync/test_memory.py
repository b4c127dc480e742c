"""What a worker holds does not grow with what a mailbox has."""

import tracemalloc

from gmail_ingest.core.ledger.history_records import fold_history
from gmail_ingest.sync.mailbox.fetch import Fetch
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.records import Counts, Stored
from gmail_ingest.sync.mailbox.session import MailboxSession
from gmail_ingest_tests.fakes.mail_store import MemoryMailStore
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.sync.google import MemoryMailboxClient, added

MESSAGES = 1_500
TEXT = 50_000
MEGABYTE = 1_000_000


class Forgetful(MemoryMailStore):
    """Keeps the fates of messages, and of their texts the total length."""

    written = 0

    async def save(self, lease, outcomes) -> Counts:
        """Save without the texts."""
        self.written += sum(len(outcome.message.text) for outcome in outcomes)
        thin = [Stored(parsed(outcome.message.gmail_id)) for outcome in outcomes]
        return await super().save(lease, thin)


class Wordy(MemoryMailboxClient):
    """Every message is long, and made when it is asked for."""

    async def fetch(self, call):
        """A text of its own for each message."""
        wanted = [message.message_id for message in call.wanted]
        return {
            message_id: parsed(message_id, text=message_id + "x" * (TEXT - len(message_id)))
            for message_id in wanted
        }


async def test_fetch_holds_a_bounded_part_of_a_mailbox():
    """75 MB of mail go through a worker that holds less than 12 of them at any time (edge cases 54
    and 63).
    """
    store, client = Forgetful(), Wordy()
    mailbox = store.add_mailbox("acme", "a@example.com", 100)
    policy = SyncPolicy(batch_bytes=2 * MEGABYTE, chunk=200)

    async def sync():
        lease = await store.acquire_lease(mailbox.id, "push", "w", policy.lease, force=False)
        records = [added(f"m{number}", number + 1) for number in range(MESSAGES)]
        await store.apply_history(lease, fold_history(records), None)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        session = MailboxSession(store, client, mailbox, policy, Unlimited())
        await Fetch(session).drain(lease, Counts())
        _, peak = tracemalloc.get_traced_memory()
        return peak - before

    tracemalloc.start()
    try:
        held = await sync()
    finally:
        tracemalloc.stop()
    assert store.written == MESSAGES * TEXT
    assert held < 12 * MEGABYTE
