"""Lists of mail: finds the mails of a page, newest first, for any combination of filters.

Holds: the SQL of lists, as ``MailList``. Add here: a filter (if it has few values, also in
``facets.py``).
Keep out: words (``email_search.py``), the columns of a mail (``email_rows.py``).
Source: EXPLAIN on a million mails of one tenant; figures in ``docs/benchmarks.md``.

A page is found in one of two ways. Both read only narrow index entries, a bounded number of them:

* *walk*: read entries by date, from the cursor back, and keep those with a wanted facet. With more
  than 1,000 wanted facets, which are then much of the mail, it reads up to 15,000 entries; with
  fewer in one mailbox, 5 entries a facet, a quarter of the cost of a merge; else none.
* *merge*: read the newest entries of each wanted facet, an index descent for each, and merge them.
  This follows if the walk found too few: all matches may be years back.
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

#: The condition on wanted facets: on columns with which the key of ``facet_labels`` begins.
_WANTED = sql.SQL("""
    tenant_id = %(tenant_id)s AND label_id = %(label)s
    AND spam_or_trash = ANY(%(spam_or_trash)s) AND direction = ANY(%(directions)s)
    AND has_attachment = ANY(%(has_attachment)s) {mailbox}""")
_IN_MAILBOX = sql.SQL(f"""AND mailbox_id = ANY(ARRAY(
        SELECT m.id FROM mailboxes m WHERE m.tenant_id = %(tenant_id)s AND {NAMED}))""")  # noqa: S608 - a constant
#: The same condition on the row of a mail. A label without a trait is looked up in the facet.
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
# Mails are found and read in one snapshot, so a mail that a rule hides meanwhile leaves no gap.
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
# A thread has at most some hundred mails, so all of them are read.
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
#: Conditions on the column ``address``. With ANY the order of the index is lost, and a page sorts
#: all mail of the person: so it is used only for domains with two spellings.
_IS_PERSON = sql.SQL("address = %(participant)s")
_IS_PERSON_SPELT = sql.SQL("address = ANY(%(participant)s)")
_HAS_PARTICIPANT = sql.SQL("""EXISTS (
    SELECT FROM participants p WHERE p.mailbox_id = {mail}.mailbox_id
      AND p.gmail_id = {mail}.gmail_id AND p.{is_person})""")
#: Sample addresses: one with a single spelling, one with two.
_SOME_ONE, _SOME_TWO = "a@example", "a@xn--4ca.example"

#: A sample time, for statements whose values do not matter.
_SOME_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class ListQuery(NamedTuple):
    """A statement and its arguments."""

    statement: sql.Composed | bytes
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much each way of finding a page may read before another one is tried."""

    #: Up to this number of wanted facets the walk is short, or left out: a merge takes about 4
    #: microseconds a facet.
    few_facets: int = 1_000
    #: Entries that a walk reads for each wanted facet of a mailbox with few facets: a quarter of
    #: the cost of a merge, and mostly enough. For a label or a person there is no such walk:
    #: mail of rare ones may be years back.
    walk_a_facet: int = 5
    #: Entries that a walk reads before it gives up: 0.2 microseconds each, or 1.5 if each entry's
    #: facet must be looked up.
    walk: int = 15_000
    walk_with_lookups: int = 3_000
    #: Mails that a search reads before it asks the index, about 25 microseconds each.
    looked_at: int = 100


USUAL = Effort()


@dataclass(frozen=True, slots=True)
class MailList:
    """The mail of a filter, without its search words, behind a position."""

    wanted: EmailFilter
    after: Position | None = None
    effort: Effort = USUAL

    def page(self, rows: int, offset: int = 0) -> ListQuery:
        """Internal date, mailbox id and Gmail id of the next mails, newest first.

        Args:
            rows: how many, at most.
            offset: how many to skip before these; each is read.
        """
        return ListQuery(_page_sql(self._shape()), self._page_arguments(rows, offset))

    def emails(self, rows: int, offset: int = 0) -> ListQuery:
        """The same mails, with the columns of ``email_rows`` behind each position.

        A second statement for these took 0.5 ms more.
        """
        return ListQuery(_emails_sql(self._shape()), self._page_arguments(rows, offset))

    def compose_page(self) -> sql.Composed:
        """The statement of ``page``. It depends on which filters are set, not on their values."""
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
        """How many mails there are; ``most`` if there are more."""
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
        """The condition on the columns ``facet_id`` and ``mailbox_id`` of a mail."""
        label = sql.SQL("") if self._has_trait() else _HAS_LABEL
        return _IS_WANTED.format(mailbox=self._in_mailbox(), label=label)

    def has_participant(self, mail: str) -> sql.Composed:
        """The condition that a mail of the table ``mail`` has the wanted participant."""
        if self.wanted.participant is None:
            return _all([])
        return _HAS_PARTICIPANT.format(mail=sql.Identifier(mail), is_person=self._is_person())

    def bounds(self) -> sql.Composed:
        """The conditions on the date, including the cursor's."""
        conditions: list[sql.Composable] = [
            bound for name, bound in _BOUNDS.items() if getattr(self.wanted, name) is not None
        ]
        return _all(conditions if self.after is None else [*conditions, _AFTER])

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``is_wanted`` and ``bounds``."""
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
        """A list with the same filters set, with sample values: the key of the cached statement."""
        wanted = self.wanted
        alike = EmailFilter(
            tenant_id="",
            mailbox=None if wanted.mailbox is None else "",
            # A label with a trait gives the same statement as no label.
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
        # A mail has a participant once for each role, hence DISTINCT.
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
    """Cached: to compose the statement for each page took a twentieth of the sidecar's time."""
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
