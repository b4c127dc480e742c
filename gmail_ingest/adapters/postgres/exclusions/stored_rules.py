"""Exclusion rules in Postgres: written by the CRM, read by all writers of mail.

Holds: ``PostgresExclusionRules``, ``read_rulebook``, ``hidden_by_rule``. Add here: a question about
rules. Keep out: what a rule hides (``core/exclusions/matching.py``), what stored mail it hides
(``visibility.py``, ``dry_runs.py``).
Source: docs/promises.md#promise-5; edge cases 17 and 64.

A change of a rule marks its mailboxes: a job decides again about their stored mail
(``exclusion_marks``). New mail follows the new rules at once. Both the job and the writers of mail
read the rules after they have locked the mailbox's row: so a writer knows the new rules, or the job
comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Json
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.exclusions.dry_runs import DryRun, read_matches
from gmail_ingest.adapters.postgres.queue.sync_queue import enqueue
from gmail_ingest.core.exclusions.exclusion_rules import MAX_RULES, Criteria, ExclusionRule, checked
from gmail_ingest.core.exclusions.matching import Rulebook
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.errors import InvalidInputError, NotFoundError

_RULES = """
SELECT r.name, r.criteria, r.mailbox, r.enabled, r.updated_at FROM exclusion_rules r
WHERE r.tenant_id = %(tenant)s AND (%(name)s::text IS NULL OR r.name = %(name)s)
ORDER BY r.name COLLATE "C"
"""
_HIDDEN = """
SELECT l.reason, count(*) FROM message_ledger l JOIN mailboxes m ON m.id = l.mailbox_id
WHERE m.tenant_id = %(tenant)s AND l.fate = 'hidden'
  AND (%(name)s::text IS NULL OR l.reason = %(name)s)
GROUP BY l.reason
"""
_OF_MAILBOX = """
SELECT m.address, m.aliases, r.name, r.criteria
FROM mailboxes m JOIN exclusion_rules r ON r.tenant_id = m.tenant_id AND r.enabled
WHERE m.id = %s AND (r.mailbox IS NULL OR r.mailbox = m.address)
"""
# Excludes connect: a new mailbox is either marked, or gets its mail after the rule is known.
_LOCK = "SELECT state FROM tenants WHERE id = %s FOR NO KEY UPDATE"
_WRITE = """
INSERT INTO exclusion_rules (tenant_id, name, mailbox, enabled, criteria)
VALUES (%(tenant)s, %(name)s, %(mailbox)s, %(enabled)s, %(criteria)s)
ON CONFLICT (tenant_id, name) DO UPDATE
SET mailbox = excluded.mailbox, enabled = excluded.enabled, criteria = excluded.criteria,
    updated_at = now()
"""
_DELETE = "DELETE FROM exclusion_rules WHERE tenant_id = %s AND name = %s"
_MARK = """
INSERT INTO exclusion_marks AS k (mailbox_id)
SELECT id FROM mailboxes WHERE tenant_id = %(tenant)s
  AND (%(everywhere)s OR address = ANY(%(addresses)s))
ORDER BY id
ON CONFLICT (mailbox_id) DO UPDATE SET decided_to = '', marked_at = now()
"""
_MARKED = """
SELECT count(*) FROM exclusion_marks
WHERE mailbox_id IN (SELECT id FROM mailboxes WHERE tenant_id = %s)
"""
_IS_MAILBOX = "SELECT FROM mailboxes WHERE tenant_id = %s AND address = %s"


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule, when it was last changed (UTC), and how many stored mails it hides now."""

    rule: ExclusionRule
    updated_at: datetime
    hidden_mails: int


@dataclass(frozen=True, slots=True)
class Rules:
    """A tenant's rules by name; ``undecided_mailboxes`` is how many mailboxes have stored mail to
    which a change of rules is not yet applied.
    """

    rules: tuple[RuleStatus, ...]
    undecided_mailboxes: int


async def read_rulebook(connection: Connection, mailbox_id: int) -> Rulebook:
    """The rules of a mailbox; the caller holds its row."""
    rows = await (await connection.execute(_OF_MAILBOX, (mailbox_id,))).fetchall()
    if not rows:
        return Rulebook((), "")
    rules = [ExclusionRule(name, _criteria(criteria)) for _, _, name, criteria in rows]
    return Rulebook(rules, rows[0][0], rows[0][1])


async def hidden_by_rule(
    connection: Connection, mailbox_id: int, messages: Sequence[ParsedMessage]
) -> Mapping[str, str]:
    """Of messages about to be stored, those that a rule hides: Gmail ids to the rules' names."""
    if not messages:
        return {}
    return (await read_rulebook(connection, mailbox_id)).hidden(messages)


class PostgresExclusionRules:
    """The rules of tenants."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self, tenant_id: str) -> Rules:
        """A tenant's rules; none also for an unknown tenant."""
        async with statement(self._engine) as connection:
            found = await _statuses(connection, tenant_id)
            marked = await (await connection.execute(_MARKED, (tenant_id,))).fetchone()
        return Rules(tuple(found), marked[0] if marked else 0)

    async def one(self, tenant_id: str, name: str) -> RuleStatus:
        """One rule; NotFoundError if there is none of this name."""
        async with statement(self._engine) as connection:
            found = await _statuses(connection, tenant_id, name)
        if not found:
            raise _no_such_rule()
        return found[0]

    async def put(self, tenant_id: str, rule: ExclusionRule) -> UUID | None:
        """Create a rule, or replace the one of this name.

        Returns:
            The job that applies it to stored mail; None if nothing changes.

        Raises:
            InvalidInputError: the rule is wrong, or there are too many.
            NotFoundError: the tenant is unknown, or disconnected.
        """
        new = checked(rule)
        async with transaction(self._engine) as connection:
            await _lock(connection, tenant_id)
            await _check_mailbox(connection, tenant_id, new.mailbox)
            known = {rule.name: rule for rule, _ in await _read(connection, tenant_id)}
            old = known.get(new.name)
            if old == new:
                return None
            if old is None and len(known) >= MAX_RULES:
                raise InvalidInputError("name", f"a tenant has {MAX_RULES} rules at most")
            values = {
                "tenant": tenant_id,
                "name": new.name,
                "mailbox": new.mailbox,
                "enabled": new.enabled,
                "criteria": Json(asdict(new.criteria), dumps=orjson.dumps),
            }
            await connection.execute(_WRITE, values)
            return await _reconsider(connection, tenant_id, (old, new))

    async def delete(self, tenant_id: str, name: str) -> UUID | None:
        """Delete a rule.

        Returns:
            The job that shows the mail that it hid; None if it was disabled.

        Raises:
            NotFoundError: the tenant is unknown or disconnected, or has no such rule.
        """
        async with transaction(self._engine) as connection:
            await _lock(connection, tenant_id)
            found = await _read(connection, tenant_id, name)
            if not found:
                raise _no_such_rule()
            await connection.execute(_DELETE, (tenant_id, name))
            return await _reconsider(connection, tenant_id, [rule for rule, _ in found])

    async def dry_run(self, tenant_id: str, rule: ExclusionRule) -> DryRun:
        """Which mail a rule would hide if it were created and enabled.

        Raises:
            InvalidInputError: the rule is wrong.
        """
        wanted = replace(checked(rule), enabled=True)
        async with statement(self._engine) as connection:
            await _check_mailbox(connection, tenant_id, wanted.mailbox)
            return await read_matches(connection, tenant_id, wanted)


async def _lock(connection: Connection, tenant_id: str) -> None:
    row = await (await connection.execute(_LOCK, (tenant_id,))).fetchone()
    if row is None or row[0] != "connected":
        raise NotFoundError("this tenant is not connected")


async def _read(
    connection: Connection, tenant_id: str, name: str | None = None
) -> list[tuple[ExclusionRule, datetime]]:
    """A tenant's rules, all or one, by name, and when they were last changed (UTC)."""
    wanted = {"tenant": tenant_id, "name": name}
    rows = await (await connection.execute(_RULES, wanted)).fetchall()
    return [
        (ExclusionRule(name, _criteria(criteria), mailbox, enabled), updated_at.astimezone(UTC))
        for name, criteria, mailbox, enabled, updated_at in rows
    ]


async def _statuses(
    connection: Connection, tenant_id: str, name: str | None = None
) -> list[RuleStatus]:
    wanted = {"tenant": tenant_id, "name": name}
    counted = await (await connection.execute(_HIDDEN, wanted)).fetchall()
    hidden: dict[str, int] = dict(counted)
    return [
        RuleStatus(rule, updated_at, hidden.get(rule.name, 0))
        for rule, updated_at in await _read(connection, tenant_id, name)
    ]


async def _check_mailbox(connection: Connection, tenant_id: str, address: str | None) -> None:
    if address is None:
        return
    found = await connection.execute(_IS_MAILBOX, (tenant_id, address))
    if await found.fetchone() is None:
        raise InvalidInputError("mailbox", "is not a mailbox of this tenant")


async def _reconsider(
    connection: Connection, tenant_id: str, changed: Sequence[ExclusionRule | None]
) -> UUID | None:
    """Mark the mailboxes of rules that were or are enabled, and queue the job for them."""
    scopes = [rule.mailbox for rule in changed if rule is not None and rule.enabled]
    if not scopes:
        return None
    addresses = [scope for scope in scopes if scope is not None]
    marked = {"tenant": tenant_id, "everywhere": None in scopes, "addresses": addresses}
    await connection.execute(_MARK, marked)
    return await enqueue(connection, tenant_id, "exclusions")


def _criteria(stored: Mapping[str, Any]) -> Criteria:
    return Criteria(**{name: tuple(values) for name, values in stored.items()})


def _no_such_rule() -> NotFoundError:
    return NotFoundError("this tenant has no such rule")
