"""Facets: the properties by which lists filter mail, as one number.

Holds: ``Facet``, ``facet_ids``, ``Traits``. Add here: another property with few values by which
lists filter. Keep out: which mail a filter selects (``email_lists.py``).

A facet is (mailbox, direction, has files, set of labels). A tenant has few facets. A list filter
selects facets, and for each the index on (facet, date) returns the newest mail in order. So no
combination of filters has to read mail that it does not show. Labels change often: the facet's
number is copied only to narrow rows (``email_keys``, ``participants``) and to ``emails``, where no
index has it.

The low bits of the number are the facet's traits. So most filters need only the number; to look up
each mail's facet would take seven times as long.

A mail that a tenant's rule hides has its facet's number with ``HIDDEN_BIT`` added, which is the
number of no facet: no search by facets finds it, and no filter passes it. It has no row in
``email_keys`` either, so that lists do not read it (``visibility.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import md5

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.recordset import to_json

#: Mail with one of these labels is shown only on request.
SPAM_OR_TRASH = frozenset({"TRASH", "SPAM"})
#: Set in the number of a hidden mail; above the positive numbers of all facets.
HIDDEN_BIT = 1 << 62
#: In ``facet_labels``, the label that every facet has.
ANY_LABEL = ""

# These bits are stored: a change of them needs a migration.
_SPAM_OR_TRASH = 1 << 0
_HAS_ATTACHMENT = 1 << 1
_DIRECTION = 3 << 2
_DIRECTIONS = {"inbound": 0, "outbound": 1 << 2, "self": 2 << 2}
_LABELS = (
    *("INBOX", "SENT", "UNREAD", "STARRED", "IMPORTANT", "TRASH", "SPAM", "CATEGORY_PERSONAL"),
    *("CATEGORY_SOCIAL", "CATEGORY_PROMOTIONS", "CATEGORY_UPDATES", "CATEGORY_FORUMS"),
)
#: The bit of each label that has one.
LABEL_TRAITS = {label: 1 << bit for bit, label in enumerate(_LABELS, start=4)}

# Writers of a mailbox hold its row (``leases.fenced``): no two of them add the same facet.
_ADD = """
WITH wanted AS (
    SELECT * FROM json_to_recordset(%(facets)s) AS f
        (digest text, traits bigint, direction text, has_attachment boolean, spam_or_trash boolean,
         label_ids text[])
), known AS (
    SELECT f.digest, f.id FROM wanted JOIN facets f USING (digest)
    WHERE f.mailbox_id = %(mailbox_id)s
), added AS (
    INSERT INTO facets
        (id, mailbox_id, tenant_id, digest, direction, has_attachment, spam_or_trash, label_ids)
    SELECT nextval('facet_numbers') << 16 | w.traits, b.id, b.tenant_id, w.digest, w.direction,
           w.has_attachment, w.spam_or_trash, w.label_ids
    FROM wanted w JOIN mailboxes b ON b.id = %(mailbox_id)s
    WHERE w.digest NOT IN (SELECT digest FROM known)
    RETURNING *
), labelled AS (
    INSERT INTO facet_labels
        (tenant_id, label_id, spam_or_trash, direction, has_attachment, mailbox_id, facet_id)
    SELECT tenant_id, label, spam_or_trash, direction, has_attachment, mailbox_id, id
    FROM added, unnest(label_ids || %(any_label)s::text) AS label
)
SELECT digest, id FROM known UNION ALL SELECT digest, id FROM added
"""


@dataclass(frozen=True, slots=True)
class Facet:
    """The facet of a mail; made by ``facet_of``. Labels are sorted and distinct."""

    direction: str
    has_attachment: bool
    label_ids: tuple[str, ...]

    @property
    def spam_or_trash(self) -> bool:
        """Whether its mail is shown only on request."""
        return not SPAM_OR_TRASH.isdisjoint(self.label_ids)

    @property
    def traits(self) -> int:
        """The bits of its number."""
        labels = sum(LABEL_TRAITS.get(label, 0) for label in self.label_ids)
        return (
            labels
            | _DIRECTIONS[self.direction]
            | (_HAS_ATTACHMENT if self.has_attachment else 0)
            | (_SPAM_OR_TRASH if self.spam_or_trash else 0)
        )

    @property
    def digest(self) -> str:
        """A hash of 32 characters, because all labels together may be too long for an index."""
        parts = (self.direction, str(self.has_attachment).lower(), *self.label_ids)
        return md5("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Traits:
    """A condition on a facet's number: ``number & mask == value``."""

    mask: int
    value: int


def facet_of(direction: str, has_attachment: bool, label_ids: Iterable[str]) -> Facet:  # noqa: FBT001 - a column's value, not a switch
    """The facet of a mail; the order of the labels does not matter."""
    return Facet(direction, has_attachment, tuple(sorted(set(label_ids) - {ANY_LABEL})))


def wanted_traits(
    *, direction: str | None, has_attachment: bool | None, label: str | None, spam_or_trash: bool
) -> Traits:
    """The traits of the mail that a filter shows; None does not filter.

    Args:
        direction: as in ``emails``.
        has_attachment: with files, or without.
        label: a label's id; a label without a bit must be looked up in the facet.
        spam_or_trash: whether to include mail in spam and trash.
    """
    value = LABEL_TRAITS.get(label or "", 0)
    mask = value | HIDDEN_BIT
    if direction is not None:
        mask, value = mask | _DIRECTION, value | _DIRECTIONS[direction]
    if has_attachment is not None:
        mask, value = mask | _HAS_ATTACHMENT, value | (_HAS_ATTACHMENT if has_attachment else 0)
    return Traits(mask if spam_or_trash else mask | _SPAM_OR_TRASH, value)


async def facet_ids(
    connection: Connection, mailbox_id: int, facets: Collection[Facet]
) -> dict[Facet, int]:
    """The numbers of a mailbox's facets; new facets are added.

    The caller holds the mailbox's row (``leases.fenced``).
    """
    wanted = {facet.digest: facet for facet in facets}
    rows: list[dict[str, object]] = [
        {
            "digest": digest,
            "traits": facet.traits,
            "direction": facet.direction,
            "has_attachment": facet.has_attachment,
            "spam_or_trash": facet.spam_or_trash,
            "label_ids": facet.label_ids,
        }
        for digest, facet in wanted.items()
    ]
    arguments = {"facets": to_json(rows), "mailbox_id": mailbox_id, "any_label": ANY_LABEL}
    found = await (await connection.execute(_ADD, arguments)).fetchall()
    return {wanted[digest]: number for digest, number in found}
