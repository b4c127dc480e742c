"""Mail that was damaged on its way, parsed and stored all the same."""

import os
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_ingest_tests.core.mutations import mutated
from gmail_ingest_tests.core.served_mail import corpus, seeded, serve
from gmail_ingest_tests.core.storable import assert_storable
from gmail_sandbox.mail.mbox import MboxMessage

#: Damaged copies of each corpus message; a soak takes more.
COPIES = int(os.environ.get("GMAIL_INGEST_MUTATIONS", "2"))


@pytest.fixture(scope="module")
def real_mail():
    """The corpus, where the environment names one."""
    if (mail := corpus()) is None:
        pytest.skip("GMAIL_INGEST_CORPUS names no mbox")
    return mail


@settings(deadline=None, max_examples=400)
@given(st.integers(0, len(seeded()) - 1), st.integers(0, 2**32))
def test_damaged_message_is_parsed_into_storable_text(which, seed):
    """Headers, charsets, base64, parts and nesting may be damaged in any way: nothing raises, and
    every text, number and key fits (edge cases 41, 42, 43, 47, 48, 52, 55).
    """
    served = seeded()[which]
    others = [mail.message for mail in seeded()]
    assert_storable(served.parsed(mutated(served.message, others, Random(seed))))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damaged_raw_mail_is_parsed_into_storable_text(data):
    """Bytes of a mail are cut out, put in and moved before Gmail sees it (edge cases 41, 43, 47
    and 51).
    """
    served = seeded()[data.draw(st.integers(0, len(seeded()) - 1))]
    raw = bytearray(served.raw)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 200)))
        raw[start:end] = data.draw(st.binary(max_size=60))
    (damaged,) = serve([MboxMessage(bytes(raw))], large_body_bytes=500)
    assert_storable(damaged.parsed())


def test_corpus_is_parsed_whole(real_mail):
    """Every real message has its sender, its text and its date; none is dropped, none raises
    (edge case 51).
    """
    parsed = [mail.parsed() for mail in real_mail]
    for message in parsed:
        assert_storable(message)
    assert len({message.gmail_id for message in parsed}) == len(real_mail)
    assert sum(bool(mail.text.strip()) for mail in parsed) >= 0.99 * len(parsed)
    assert sum(mail.sender is not None for mail in parsed) >= 0.99 * len(parsed)
    assert not any(line.startswith(">") for mail in parsed for line in mail.reply_text.split("\n"))


def test_damaged_corpus_is_parsed_into_storable_text(real_mail):
    """Real mail is damaged in the same ways (edge cases 41, 42, 43 and 47)."""
    others = [mail.message for mail in real_mail]
    for number, served in enumerate(real_mail):
        for copy in range(COPIES):
            damaged = mutated(served.message, others, Random(f"{number}:{copy}"))
            assert_storable(served.parsed(damaged))
