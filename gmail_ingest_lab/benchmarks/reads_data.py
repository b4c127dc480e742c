"""A million mails of one tenant, made in the database: what the reading figures are measured on.

Holds: ``load``. Add here: a further tenant. Keep out: measuring (``reads.py``), what a mail is like
(``reads_rows.py``).

Deterministic: each property of mail i is a hash of i. Rows are in the order of an initial sync:
newest first, slightly shuffled. Postgres makes the mails in blocks, in two sessions, so memory is
bounded; indexes are made last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql

from gmail_ingest.adapters.postgres.mail.search_terms import mark, search_vector
from gmail_ingest.core.mail.words.search_words import words_of
from gmail_ingest_lab.benchmarks import reads_rows

MAIN = "reads-main"
#: Between these is all mail of it.
OLDEST, NEWEST = datetime(2020, 12, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)

_BLOCK = 25_000
_SESSIONS = 2
_VOCABULARY = 30_000
#: Different texts; fewer where there is less mail.
_TEXTS = 1_000
#: The server of the benchmark is its own: two index builds may use this much.
_INDEX_MEMORY = "512MB"
_TEXT_ROWS = "SELECT id, text FROM texts WHERE id < %s"

Report = Callable[[str, float], None]
Work = Callable[[psycopg.Connection], Any]


@dataclass(frozen=True, slots=True)
class Population:
    """A tenant to make: so many mails in so many mailboxes, with so many different texts."""

    tenant_id: str
    mailboxes: int
    mails: int
    texts: int


def populations(mails: int) -> list[Population]:
    """The main tenant with so many mails, and a tenth of that spread over twenty others."""
    texts = max(10, min(_TEXTS, mails // 100))
    others = [Population(f"reads-other-{n}", 1, mails // 200, texts // 20 + 1) for n in range(20)]
    return [Population(MAIN, 25, mails, texts), *others]


def load(database_url: str, mails: int, report: Report) -> None:
    """Fill an empty, migrated database; about four minutes a million on two cores.

    Args:
        database_url: as libpq reads it; of a superuser, since foreign keys are not checked.
        mails: of the main tenant.
        report: told what is being made, and the share of it that is done.
    """
    with _session(database_url) as connection:
        indexes = connection.execute(reads_rows.INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        connection.execute(reads_rows.TEXTS)
        _write_texts(connection)
        for population in populations(mails):
            connection.execute(reads_rows.ACCOUNTS, vars_of(population))
    _in_parallel(
        database_url, "texts", [_texts(population) for population in populations(mails)], report
    )
    _in_parallel(database_url, "mails", _blocks(mails), report)
    rows = [_statement(reads_rows.FACET_LABELS), _statement(reads_rows.THREADS)]
    rest = [*rows, *(_statement(made) for _, made in indexes)]
    _in_parallel(database_url, "indexes", rest, report)
    with _session(database_url) as connection:
        connection.execute(reads_rows.FORGET_TEXTS)
        connection.execute("VACUUM (ANALYZE)")


def vars_of(population: Population) -> dict[str, Any]:
    """A population as parameters of ``reads_rows``."""
    return {
        "tenant_id": population.tenant_id,
        "mailboxes": population.mailboxes,
        "mails": population.mails,
        "texts": population.texts,
    }


def _session(database_url: str) -> psycopg.Connection:
    connection = psycopg.connect(database_url, autocommit=True)
    connection.execute("SET session_replication_role = replica; SET jit = off")
    connection.execute(f"SET maintenance_work_mem = '{_INDEX_MEMORY}'")
    connection.execute(reads_rows.FUNCTIONS)
    return connection


def _write_texts(connection: psycopg.Connection) -> None:
    """Texts of 40 to 250 words, of which some are in every text and most in few (Zipf)."""
    chance = random.Random(1)
    words = [_word(chance) for _ in range(_VOCABULARY)]
    with connection.cursor().copy("COPY texts (id, text) FROM STDIN") as copy:
        for number in range(_TEXTS):
            drawn = (int(_VOCABULARY ** chance.random()) for _ in range(chance.randint(40, 250)))
            copy.write_row((number, " ".join(words[rank - 1] for rank in drawn)))


def _word(chance: random.Random) -> str:
    syllables = ("ba", "co", "di", "fe", "gu", "ka", "lo", "mi", "ne", "pu", "ra", "so", "ti", "ve")
    return "".join(chance.choice(syllables) for _ in range(chance.randint(2, 5)))


def _texts(population: Population) -> Work:
    months = [date(2021 + number // 12, number % 12 + 1, 1) for number in range(reads_rows.MONTHS)]

    def work(connection: psycopg.Connection) -> None:
        texts = connection.execute(_TEXT_ROWS, (population.texts,)).fetchall()
        with connection.cursor().copy(reads_rows.COPY_MARKED_TEXTS) as copy:
            copy.set_types(reads_rows.MARKED_TEXT_TYPES)
            for text_id, text in texts:
                words = words_of(text)
                for number, month in enumerate(months):
                    marked = mark(population.tenant_id, month)
                    vector = search_vector(marked, words, ())
                    copy.write_row((population.tenant_id, text_id, number, marked, vector))

    return work


def _blocks(mails: int) -> list[Work]:
    return [
        _block(population, start, min(start + _BLOCK, population.mails))
        for population in populations(mails)
        for start in range(0, population.mails, _BLOCK)
    ]


def _block(population: Population, start: int, end: int) -> Work:
    arguments = vars_of(population) | {"start": start, "end": end}

    def work(connection: psycopg.Connection) -> None:
        for statement in reads_rows.BLOCK:
            connection.execute(statement, arguments if "%(" in statement else None)

    return work


def _statement(statement: str) -> Work:
    return lambda connection: connection.execute(statement)


def _in_parallel(database_url: str, what: str, pieces: Sequence[Work], report: Report) -> None:
    def work(piece: Work) -> None:
        with _session(database_url) as connection:
            piece(connection)

    with ThreadPoolExecutor(_SESSIONS) as pool:
        futures = [pool.submit(work, piece) for piece in pieces]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            report(what, done / len(pieces))
