"""Lists of mail: which mails a page shows, newest first, whatever is filtered.

Holds: the SQL of lists, as ``MailList``. Add here: a filter (of few values: with ``facets.py``).
Keep out: words (``email_search.py``), the columns of a mail (``email_rows.py``).
Source: EXPLAIN on a million mails of one tenant; figures in ``docs/benchmarks.md``.

A page is found in one of two ways, both on narrow index entries alone, neither of which looks at
more than a few thousand of them:

* *walk*: from the cursor back by date, keeping those whose facet is wanted, a bounded number of
  entries: many where many facets are wanted, which then are much of the mail; else for a quarter
  of what merging them would cost;
* *merge*: the newest of each wanted facet, by an index descent for each, merged; where the walk
  found too little (all of it may be years back).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mail.email_rows import EMAIL_COLUMNS
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.mail.facets import ANY_LABEL, LABEL_TRAITS, wanted_traits
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import NAMED
from gmail_ingest.adapters.postgres.reads.email_cursor import Position
from gmail_ingest.core.mail.addresses.addresses import ROLES
from gmail_ingest.core.mail.addresses.domains import spellings_of

#: Conditions on facets by the filter's field: on ``facet_labels``, whose key begins with these.
_WANTED = sql.SQL("""
    tenant_id = %(tenant_id)s AND label_id = %(label)s
    AND spam_or_trash = ANY(%(spam_or_trash)s) AND direction = ANY(%(directions)s)
    AND has_attachment = ANY(%(has_attachment)s) {mailbox}""")
_IN_MAILBOX = sql.SQL(f"""AND mailbox_id = ANY(ARRAY(
        SELECT m.id FROM mailboxes m WHERE m.tenant_id = %(tenant_id)s AND {NAMED}))""")  # noqa: S608 - a constant
#: The same of one mail, in its row. A label without a trait is looked up in the facet.
_IS_WANTED = sql.SQL("facet_id & %(mask)s = %(traits)s {mailbox} {label}")
_HAS_LABEL = sql.SQL(
    "AND (SELECT %(label)s = ANY(f.label_ids) FROM facets f WHERE f.id = facet_id)"
)
_DIRECTIONS = ("inbound", "outbound", "self")
_BOTH = [False, True]

_NEWEST = sql.SQL("internal_date DESC, mailbox_id DESC, gmail_id DESC")
_BOUNDS = {
    "since": sql.SQL("internal_date >= %(since)s"),
    "until": sql.SQL("internal_date < %(until)s"),
}
_AFTER = sql.SQL(
    "(internal_date, mailbox_id, gmail_id) < (%(after_date)s, %(after_mailbox)s, %(after_id)s)"
)

_PAGE = sql.SQL("""
WITH enough AS MATERIALIZED (
    SELECT CASE WHEN count(*) > %(few)s THEN %(walk)s + 4 * %(offset)s
                ELSE count(*) * %(walk_a_facet)s END AS entries
    FROM (SELECT FROM facet_labels WHERE {wanted} LIMIT %(few)s + 1) AS some_facets
), walk AS MATERIALIZED (
    SELECT {distinct} internal_date, mailbox_id, gmail_id
    FROM (SELECT internal_date, mailbox_id, gmail_id, facet_id
          FROM {table} WHERE tenant_id = %(tenant_id)s AND {match}
          ORDER BY {newest} LIMIT (SELECT entries FROM enough)) AS walked
    WHERE {is_wanted}
    ORDER BY {newest} LIMIT %(rows)s
), merge AS MATERIALIZED (
    SELECT count(*) < %(rows)s AND EXISTS (
        SELECT FROM {table} WHERE tenant_id = %(tenant_id)s AND {match}
        ORDER BY {newest} OFFSET (SELECT entries FROM enough)) AS needed
    FROM walk
), merged AS MATERIALIZED (
    SELECT newest.* FROM (SELECT facet_id AS id FROM facet_labels WHERE {wanted}) AS facet
    CROSS JOIN LATERAL (
        SELECT {distinct} internal_date, mailbox_id, gmail_id
        FROM {table} WHERE facet_id = facet.id AND {match}
        ORDER BY {newest} LIMIT %(rows)s) AS newest
    WHERE (SELECT needed FROM merge)
    ORDER BY {newest} LIMIT %(rows)s
)
SELECT * FROM (
    SELECT * FROM merged UNION ALL SELECT * FROM walk WHERE NOT (SELECT needed FROM merge)
) AS page
ORDER BY {newest} OFFSET %(offset)s
""")
# One snapshot finds the mails and reads them: what a rule hides meanwhile is shown, or not found.
_EMAILS = sql.SQL("""
SELECT page.internal_date, page.mailbox_id, page.gmail_id, {columns}
FROM ({page}) AS page
JOIN emails e ON e.mailbox_id = page.mailbox_id AND e.gmail_id = page.gmail_id
JOIN mailboxes m ON m.id = page.mailbox_id
ORDER BY page.internal_date DESC, page.mailbox_id DESC, page.gmail_id DESC
""")
_COUNT = sql.SQL("""
SELECT count(*) FROM (
    SELECT {distinct} mailbox_id, gmail_id FROM (
        SELECT mail.mailbox_id, mail.gmail_id
        FROM (SELECT facet_id AS id FROM facet_labels WHERE {wanted}) AS facet
        CROSS JOIN LATERAL (
            SELECT mailbox_id, gmail_id FROM {table}
            WHERE facet_id = facet.id AND {match} LIMIT %(most)s * {roles}) AS mail
        LIMIT %(most)s * {roles}) AS matching
    LIMIT %(most)s
) AS counted
""")
# A thread has at most some hundred mails: they are all looked at.
_THREAD = sql.SQL("""
thread AS MATERIALIZED (
    SELECT e.internal_date, e.mailbox_id, e.gmail_id
    FROM mailboxes b JOIN emails e ON e.mailbox_id = b.id AND e.thread_id = %(thread_id)s
    WHERE b.tenant_id = %(tenant_id)s AND {match} AND {is_wanted}
)""")
_THREAD_PAGE = sql.SQL("""
WITH {thread} SELECT * FROM thread ORDER BY {newest} OFFSET %(offset)s LIMIT %(rows)s - %(offset)s
""")
_THREAD_COUNT = sql.SQL("WITH {thread} SELECT count(*) FROM thread")
#: On the column ``address``. ANY of several gives up the order of the index: a page then sorts all
#: mail of the person. So it is for those alone whose domain has two spellings.
_IS_PERSON = sql.SQL("address = %(participant)s")
_IS_PERSON_SPELT = sql.SQL("address = ANY(%(participant)s)")
_HAS_PARTICIPANT = sql.SQL("""EXISTS (
    SELECT FROM participants p WHERE p.mailbox_id = {mail}.mailbox_id
      AND p.gmail_id = {mail}.gmail_id AND p.{is_person})""")
#: Some address of one spelling, and one of two.
_SOME_ONE, _SOME_TWO = "a@example", "a@xn--4ca.example"

#: A time that is compared with none.
_SOME_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class ListQuery(NamedTuple):
    """A statement and its arguments."""

    statement: sql.Composed | bytes
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effort:
    """How far each way of finding a page is gone before another one is tried."""

    #: Facets up to which a page is merged soon: about 4 microseconds each.
    few_facets: int = 1_000
    #: Entries that a walk looks at for each facet of a mailbox that has few: a quarter of what
    #: merging them costs, and mostly enough. A rare label or person is years back: no walk finds a
    #: page of it.
    walk_a_facet: int = 5
    #: Entries that a walk looks at before it gives up, at 0.2 microseconds each, or at 1.5 where
    #: each entry's facet must be looked up.
    walk: int = 15_000
    walk_with_lookups: int = 3_000
    #: Mails that a search looks at before the index is asked, about 25 microseconds each.
    looked_at: int = 100


USUAL = Effort()


@dataclass(frozen=True, slots=True)
class MailList:
    """The mail of a filter (its words aside), behind a position; ``effort`` finds it."""

    wanted: EmailFilter
    after: Position | None = None
    effort: Effort = USUAL

    def page(self, rows: int, offset: int = 0) -> ListQuery:
        """Internal date, mailbox id and Gmail id of the next mails, newest first.

        Args:
            rows: how many, at most.
            offset: how many to leave out before these; each is walked over.
        """
        return ListQuery(_page_sql(self._shape()), self._page_arguments(rows, offset))

    def emails(self, rows: int, offset: int = 0) -> ListQuery:
        """The same mails, and of each the columns of ``email_rows`` behind its position.

        A second statement for them cost half a millisecond more.
        """
        return ListQuery(_emails_sql(self._shape()), self._page_arguments(rows, offset))

    def compose_page(self) -> sql.Composed:
        """The statement of ``page``, which depends on which filters there are, not on what for."""
        if self.wanted.thread_id is not None:
            return _THREAD_PAGE.format(thread=self._thread(), newest=_NEWEST)
        return _PAGE.format(
            table=self._table(),
            distinct=self._distinct(),
            match=self._match(),
            newest=_NEWEST,
            wanted=self._wanted(),
            is_wanted=self.is_wanted(),
        )

    def count(self, most: int) -> ListQuery:
        """How many mails there are, or ``most`` if there are as many or more."""
        arguments = self.arguments() | {"most": most}
        if self.wanted.thread_id is not None:
            return ListQuery(_THREAD_COUNT.format(thread=self._thread()), arguments)
        query = _COUNT.format(
            wanted=self._wanted(),
            table=self._table(),
            distinct=self._distinct(),
            roles=sql.Literal(1 if self.wanted.participant is None else len(ROLES)),
            match=self._match(),
        )
        return ListQuery(query, arguments)

    def is_wanted(self) -> sql.Composed:
        """The condition on a mail's facet and mailbox, of the columns of these names."""
        label = sql.SQL("") if self._has_trait() else _HAS_LABEL
        return _IS_WANTED.format(mailbox=self._in_mailbox(), label=label)

    def has_participant(self, mail: str) -> sql.Composed:
        """The condition that a mail of that table's name has the participant that is wanted."""
        if self.wanted.participant is None:
            return _all([])
        return _HAS_PARTICIPANT.format(mail=sql.Identifier(mail), is_person=self._is_person())

    def bounds(self) -> sql.Composed:
        """The conditions on the date, the cursor's among them."""
        conditions: list[sql.Composable] = [
            bound for name, bound in _BOUNDS.items() if getattr(self.wanted, name) is not None
        ]
        return _all(conditions if self.after is None else [*conditions, _AFTER])

    def arguments(self) -> dict[str, Any]:
        """What ``is_wanted`` and ``bounds`` refer to."""
        wanted = self.wanted
        names = ("tenant_id", "mailbox", "participant", "thread_id", *_BOUNDS)
        arguments = {name: getattr(wanted, name) for name in names}
        if wanted.participant is not None:
            spellings = spellings_of(wanted.participant)
            arguments["participant"] = list(spellings) if len(spellings) > 1 else spellings[0]
        traits = wanted_traits(
            direction=wanted.direction,
            has_attachment=wanted.has_attachment,
            label=wanted.label,
            spam_or_trash=wanted.include_spam_trash,
        )
        arguments |= {"mask": traits.mask, "traits": traits.value}
        arguments["label"] = wanted.label or ANY_LABEL
        arguments["spam_or_trash"] = _BOTH if wanted.include_spam_trash else [False]
        arguments["directions"] = [wanted.direction] if wanted.direction else [*_DIRECTIONS]
        arguments["has_attachment"] = (
            _BOTH if wanted.has_attachment is None else [wanted.has_attachment]
        )
        if self.after is not None:
            arguments["after_date"] = self.after.internal_date
            arguments["after_mailbox"] = self.after.mailbox_id
            arguments["after_id"] = self.after.gmail_id
        return arguments

    def _page_arguments(self, rows: int, offset: int) -> dict[str, Any]:
        return self.arguments() | {
            "rows": rows + offset,
            "offset": offset,
            "walk": self.effort.walk if self._has_trait() else self.effort.walk_with_lookups,
            "walk_a_facet": self._walk_a_facet(),
            "few": self.effort.few_facets,
        }

    def _walk_a_facet(self) -> int:
        wanted = self.wanted
        narrow = wanted.label is not None or wanted.participant is not None
        return 0 if wanted.mailbox is None or narrow else self.effort.walk_a_facet

    def _shape(self) -> MailList:
        """This list with the same filters, each for nothing in particular."""
        wanted = self.wanted
        alike = EmailFilter(
            tenant_id="",
            mailbox=None if wanted.mailbox is None else "",
            # A label that has a trait is asked for as no label is.
            label=None if self._has_trait() else "",
            participant=None if wanted.participant is None else self._someone(),
            since=None if wanted.since is None else _SOME_TIME,
            until=None if wanted.until is None else _SOME_TIME,
            thread_id=None if wanted.thread_id is None else "",
        )
        return MailList(alike, None if self.after is None else Position(_SOME_TIME, 0, ""))

    def _someone(self) -> str:
        return _SOME_ONE if self._is_person() is _IS_PERSON else _SOME_TWO

    def _has_trait(self) -> bool:
        return self.wanted.label is None or self.wanted.label in LABEL_TRAITS

    def _wanted(self) -> sql.Composed:
        return _WANTED.format(mailbox=self._in_mailbox())

    def _in_mailbox(self) -> sql.SQL:
        return sql.SQL("") if self.wanted.mailbox is None else _IN_MAILBOX

    def _is_person(self) -> sql.SQL:
        is_spelt = len(spellings_of(self.wanted.participant or "")) > 1
        return _IS_PERSON_SPELT if is_spelt else _IS_PERSON

    def _table(self) -> sql.SQL:
        return sql.SQL("email_keys" if self.wanted.participant is None else "participants")

    def _distinct(self) -> sql.SQL:
        # A mail has a participant once for each role.
        return sql.SQL("" if self.wanted.participant is None else "DISTINCT")

    def _match(self) -> sql.Composed:
        if self.wanted.participant is None:
            return self.bounds()
        return _all([self._is_person(), self.bounds()])

    def _thread(self) -> sql.Composed:
        conditions: list[sql.Composable] = [self.bounds()]
        if self.wanted.participant is not None:
            conditions.append(self.has_participant("e"))
        return _THREAD.format(match=_all(conditions), is_wanted=self.is_wanted())


@lru_cache(maxsize=256)
def _page_sql(shape: MailList) -> bytes:
    """Putting it together for each page took a twentieth of the sidecar's time."""
    return shape.compose_page().as_bytes()


@lru_cache(maxsize=256)
def _emails_sql(shape: MailList) -> bytes:
    page = shape.compose_page()
    return _EMAILS.format(columns=sql.SQL(EMAIL_COLUMNS), page=page).as_bytes()


def _all(conditions: list[sql.Composable]) -> sql.Composed:
    return sql.SQL(" AND ").join(conditions or [sql.SQL("true")])


async def read_positions(
    connection: Connection,
    query: sql.Composed | LiteralString | bytes,
    arguments: dict[str, Any],
    *,
    prepare: bool | None = None,
) -> tuple[Position, ...]:
    """The rows of a query for internal date, mailbox id and Gmail id."""
    rows = await (await connection.execute(query, arguments, prepare=prepare)).fetchall()
    return tuple(Position(*row) for row in rows)
