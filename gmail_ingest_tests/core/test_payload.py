from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_ingest.core.mail.message import Participant
from gmail_ingest.core.mail.payload import missing_bodies, parse_message
from gmail_ingest_tests.core.gmail_json import part, resource, with_headers
from gmail_ingest_tests.core.storable import assert_storable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(message):
    return parse_message(message, owner_addresses=["me@crm.example"])


def test_parse_message_reads_every_field():
    """An ordinary message gives each documented field."""
    message = with_headers(
        ("From", "Ann Lee <Ann@X.example>"), ("To", "me@crm.example"), ("Subject", "Offer"),
        ("Message-ID", "<1@x>"), ("In-Reply-To", "<0@x>"), ("References", "<a@x> <0@x>"),
        ("Date", "Tue, 14 Nov 2023 22:13:20 +0000"),
        snippet="Tom &amp; Ann&#39;s", labelIds=["INBOX", "UNREAD", "INBOX"],
    )  # fmt: skip
    parsed = parse(message)
    assert parsed.gmail_id == parsed.thread_id == "18c0ffee00000001"
    assert parsed.history_id == 4711
    assert (parsed.rfc_message_id, parsed.in_reply_to) == ("<1@x>", "<0@x>")
    assert parsed.references == ("<a@x>", "<0@x>")
    assert parsed.subject == "Offer"
    assert parsed.sender == Participant("from", "ann@x.example", "Ann Lee")
    assert [p.role for p in parsed.participants] == ["from", "to"]
    assert parsed.direction == "inbound"
    assert parsed.internal_date == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert parsed.header_date_raw == "Tue, 14 Nov 2023 22:13:20 +0000"
    assert parsed.label_ids == ("INBOX", "UNREAD")
    assert parsed.snippet == "Tom & Ann's"
    assert (parsed.text, parsed.reply_text, parsed.html) == ("Hello", "Hello", "")
    assert parsed.size == 1234
    assert not parsed.sanitized
    assert parsed.search_text.startswith("Offer\nAnn Lee ann@x.example me@crm.example")


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"parts": None}, {"headers": {}}])
def test_message_without_headers_is_parsed(payload):
    """No From, To, Subject or Message-ID, or no payload at all (edge cases 47, 51)."""
    parsed = parse({"id": "1", "payload": payload})
    assert (parsed.gmail_id, parsed.thread_id, parsed.subject) == ("1", "1", "")
    assert parsed.sender is None
    assert parsed.rfc_message_id is None
    assert parsed.internal_date == EPOCH
    assert parsed.label_ids == ()


@pytest.mark.parametrize(
    "date",
    ["Wed, 33 Sep 2007 31:00:00", 'Fri, 1 Jan 2010 10:00:00 -0200To: "jason"', "1 Jan (AUSNSW)"],
)
def test_date_header_is_kept_and_not_believed(date):
    """Impossible and future dates change nothing but the raw field (edge cases 48, 49)."""
    parsed = parse(with_headers(("Date", date)))
    assert parsed.header_date_raw == date
    assert parsed.internal_date.year == 2023


@pytest.mark.parametrize(
    "value", [None, "", "x", "9" * 30, "9" * 5000, 10**400, 1.5, "1.5", [], {}, "-1e9"]
)
def test_odd_numbers_get_a_default(value):
    """Numbers that are none, or too large for any store, do not raise (edge case 47)."""
    parsed = parse(resource(historyId=value, internalDate=value, sizeEstimate=value))
    assert parsed.internal_date == EPOCH
    assert parsed.history_id == 0
    assert_storable(parsed)


def test_long_headers_are_kept_whole():
    """Message-ID of 12 KB, Subject of 100 KB, thousands of References (edge case 52)."""
    message_id = f"<{'i' * 12_000}@x>"
    references = [f"<{number}@x>" for number in range(5_000)]
    parsed = parse(
        with_headers(
            ("Message-ID", message_id), ("Subject", "s" * 100_000),
            ("References", "\r\n ".join(references)),
        )
    )  # fmt: skip
    assert parsed.rfc_message_id == message_id
    assert len(parsed.subject) == 100_000
    assert parsed.references == tuple(references)


@pytest.mark.parametrize("message_id", ["<a@b@c>", "<<a@b>>", "no brackets", "<[x]@y>"])
def test_malformed_message_id_is_kept(message_id):
    """What the sender wrote is what replies refer to (edge case 56)."""
    assert parse(with_headers(("Message-ID", message_id))).rfc_message_id == message_id


def test_unstorable_characters_are_replaced_everywhere_and_flagged():
    """NUL and lone surrogates in any field become U+FFFD (edge cases 41, 42)."""
    bad = "a\x00\ud800b"
    payload = part(
        "application/pdf", filename=bad, attachment_id="A",
        headers=[("Subject", bad), ("From", f"{bad} <a@x.example>"), ("Message-ID", bad)],
    )  # fmt: skip
    parsed = parse(resource(payload, snippet=bad, labelIds=[bad]))
    assert parsed.sanitized
    assert parsed.subject == parsed.snippet == parsed.label_ids[0] == "a\ufffd\ufffdb"
    assert_storable(parsed)


def test_large_message_is_parsed_in_bounded_text():
    """Ten megabytes of text parse whole; only derived texts are bounded (edge cases 53, 54)."""
    parsed = parse(resource(part(body="word \u00e9\n" * 1_250_000)))
    assert len(parsed.text) == 8_750_000
    assert len(parsed.search_text.encode()) <= 350_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.text(st.characters(codec=None)) | st.sampled_from(
    ["text/plain", "text/html", "multipart/alternative", "message/rfc822", "YQ==", "a", "=?x?q?",
     "attachment", "text/plain; charset=utf-16", "From", "to", "subject", "content-type"]
)  # fmt: skip


def shaped(inner):
    body = st.fixed_dictionaries({}, optional={"data": inner, "attachmentId": inner, "size": inner})
    header = st.fixed_dictionaries({"name": WORDS | inner, "value": WORDS | inner})
    return st.fixed_dictionaries(
        {},
        optional={
            "partId": inner,
            "mimeType": WORDS,
            "filename": inner,
            "headers": st.lists(header | inner, max_size=4) | inner,
            "body": body | inner,
            "parts": st.lists(inner, max_size=3) | inner,
        },
    )


MESSAGES = st.fixed_dictionaries(
    {"id": JSON},
    optional={
        "payload": st.recursive(WORDS | JSON, shaped, max_leaves=12),
        "threadId": JSON,
        "labelIds": JSON | st.lists(WORDS),
        "snippet": WORDS,
        "historyId": JSON,
        "internalDate": JSON,
        "sizeEstimate": JSON,
    },
)


@settings(deadline=None, max_examples=300)
@given(MESSAGES, st.dictionaries(st.text(max_size=2), st.binary(), max_size=2))
def test_parse_message_of_any_json_never_raises(message, bodies):
    """Any JSON-shaped object gives a message of storable texts (edge cases 41, 42, 47, 51)."""
    missing_bodies(message)
    assert_storable(parse_message(message, owner_addresses=["me@x.example"], bodies=bodies))
