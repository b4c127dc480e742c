"""What searches find while stored mail is read again, held against the words of both releases."""

from __future__ import annotations

from random import Random

from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest_tests.postgres.rereading_worlds import mail, save_formerly, search

#: Pieces of which texts are made; those of a line are written side by side without blanks.
PIECES = (
    ("会議", "室", "の", "予約", "5月", "ﾃｽﾄ", "A社", "iPhone14", "\n"),
    ("合同", "付款", "条件", "的", "2024年", "。"),
    ("견적서", "를", "회의", "3시", " "),
    ("ใบเสนอ", "ราคา", "เเม่", "๑๒", " "),
    ("السَّلَامُ", "عليكم", "کتاب", "علی", "٤٥٦", " ", "\u200c"),
    ("שָׁלוֹם", "חשבונית", " ", "־"),
    ("Café", "-", "offer", " ", "7b", "'", "e\u0301t\u00e9", "@"),
)
MAILS, QUERIES, BATCH = 24, 90, 10


def text_of(random):
    """A text in one to three scripts."""
    parts = []
    for _ in range(random.randint(1, 3)):
        pieces = random.choice(PIECES)
        parts.append("".join(random.choices(pieces, k=random.randint(2, 8))))
    return " ".join(parts)


def query_of(random, texts):
    """A word or phrase that a mail has: blanks or punctuation stand around it."""
    words = random.choice(texts).split()
    start = random.randrange(len(words))
    return " ".join(words[start : start + random.randint(1, 2)]).replace("-", "", 1)


def has_phrase(text, query):
    """Whether a former release finds a phrase in a text."""
    words, wanted = former_words_of(text), former_words_of(query)
    places = range(len(words) - len(wanted) + 1)
    return bool(wanted) and any(words[at : at + len(wanted)] == wanted for at in places)


async def test_what_a_former_release_found_is_found_at_each_moment(database):
    """Any phrase in any script finds, before, between and behind all batches, each mail in which
    the former release found it (edge case 224).
    """
    random = Random(224)
    texts = [text_of(random) for _ in range(MAILS)]
    mails = [
        mail(f"m{number:02}", text, subject="", participants=(), attachments=())
        for number, text in enumerate(texts)
    ]
    queries = {query_of(random, texts) for _ in range(QUERIES)}
    expected = {
        query: {mail.gmail_id for mail in mails if has_phrase(mail.search_text, query)}
        for query in queries
    }
    assert sum(map(bool, expected.values())) > 40
    await save_formerly(database, await database.connect(), *mails)
    rereads, stages = PostgresRereads(database.engine, batch=BATCH), 0
    is_more = True
    while is_more:
        for query in queries:
            found = await search(database, f'"{query}"')
            assert expected[query] <= found, (stages, query)
        is_more = await rereads.read_next() is not None
        stages += 1
    assert stages == 5
