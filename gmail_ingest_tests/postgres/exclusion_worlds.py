"""A tenant whose exclusion rules a test changes, and what it then shows."""

from __future__ import annotations

from gmail_ingest.adapters.postgres.exclusions.stored_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.sync.mailbox.records import Counts, Stored
from gmail_ingest_tests.postgres.worlds import PostgresWorld, lease

HIDE = ExclusionRule("hide", Criteria(labels=("STARRED",)))
BLOCK = ExclusionRule("block", Criteria(domains=("shop.test",)))
EVERYTHING = """
SELECT gmail_id, facet_id, label_ids, 'emails' FROM emails
UNION ALL SELECT gmail_id, facet_id, NULL, 'keys' FROM email_keys
UNION ALL SELECT gmail_id, facet_id, ARRAY[position::text, address], 'people' FROM participants
UNION ALL SELECT thread_id, message_count, participants, 'threads' FROM threads ORDER BY 4, 1, 3
"""


class Rules:
    """A tenant ``acme`` with a mailbox, whose rules a test changes."""

    def __init__(self, world: PostgresWorld) -> None:
        self.world = world
        self.rules = PostgresExclusionRules(world.engine)
        self.reads = PostgresEmailReads(world.engine)

    async def put(self, *rules: ExclusionRule, tenant: str = "acme") -> None:
        """Make rules, and hold stored mail against them."""
        for rule in rules:
            await self.rules.put(tenant, rule)
        await self.settle(tenant)

    async def drop(self, *names: str, tenant: str = "acme") -> None:
        """Delete rules, and show what they hid."""
        for name in names:
            await self.rules.delete(tenant, name)
        await self.settle(tenant)

    async def settle(self, tenant: str = "acme") -> Counts:
        """Do what the job does, to the end."""
        total = Counts()
        while (applied := await self.world.store.decide_next(tenant)) is not None:
            total.add(applied.counts)
        return total

    async def save(self, mailbox_id: int, *messages) -> Counts:
        """Store messages, as a sync does."""
        held = await lease(self.world, mailbox_id)
        return await self.world.store.save(held, [Stored(message) for message in messages])

    async def relabel(
        self, mailbox_id: int, gmail_id: str, history_id: int, *labels: str
    ) -> Counts:
        """What history does about new labels."""
        held = await lease(self.world, mailbox_id)
        change = MessageChange(gmail_id, "t1", history_id, deleted=False, label_ids=labels)
        return await self.world.store.apply_history(held, [change], None)

    async def shown(self, **filters) -> list[str]:
        """Ids of the mails that a list shows."""
        filters.setdefault("include_spam_trash", True)
        wanted = EmailFilter("acme", **filters)
        page = await self.reads.page_at(wanted, limit=100, offset=0)
        by_cursor = await self.reads.page(wanted, limit=100, cursor=None)
        assert page.emails == by_cursor.emails
        assert page.total == len(page.emails)
        return sorted(email.id for email in page.emails)
