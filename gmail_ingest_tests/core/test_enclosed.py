import pytest

from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest.core.mail.words.search_text import MAX_SEARCH_CHARS
from gmail_ingest_tests.core.gmail_json import part, resource
from gmail_ingest_tests.core.growth import assert_linear

TEXT = part(body="See the complaint of Carl below.", part_id="0")
FIELDS = [("From", "Carl <carl@third.example>"), ("Subject", "complaint"), ("To", "ann@x.example")]
INNER = part(body="The pump is broken again.", headers=FIELDS)


def multi(kind, *parts):
    return part(f"multipart/{kind}", parts=list(parts))


def enclosed(*parts, **fields):
    return part("message/rfc822", parts=list(parts), **fields)


def parse(payload, **bodies):
    return parse_message(resource(payload), owner_addresses=[], bodies=bodies)


def files(payload):
    found = parse(payload).attachments
    return [(file.filename, file.mime_type, file.size, file.inline) for file in found]


@pytest.mark.parametrize(
    ("mail", "size"),
    [
        (enclosed(INNER), 25),
        (enclosed(INNER, headers={"Content-Disposition": "inline"}), 25),
        (enclosed(INNER, attachment_id="ANG"), 25),
        (enclosed(part(body="The pump is broken again."), headers=FIELDS), 25),
        (enclosed(multi("mixed", INNER), headers=[("Content-Description", "complaint")]), 25),
        (part("message/rfc822", "To: ann@x.", headers=[("Content-Description", "complaint")]), 10),
        (part("message/global", parts=[INNER]), 25),
    ],
)
def test_enclosed_mail_is_one_file_named_by_its_subject(mail, size):
    """Case 17 f and mail 19: in every form that Gmail may give, it is a message/rfc822 with a name
    and a size, and its words are found (edge case 145).
    """
    parsed = parse(multi("mixed", TEXT, mail))
    assert files(multi("mixed", TEXT, mail)) == [("complaint.eml", mail["mimeType"], size, False)]
    assert parsed.text == "See the complaint of Carl below."
    if mail.get("parts"):
        assert "The pump is broken again." in parsed.search_text


@pytest.mark.parametrize(
    ("name", "subject", "shown"),
    [
        ("fwd.eml", "complaint", "fwd.eml"),
        ("", "", "message.eml"),
        ("", "=?utf-8?Q?Caf=C3=A9?=", "Caf\u00e9.eml"),
        ("", "a\r\n b", "a b.eml"),
        ("", "s" * 5_000, "s" * 200 + ".eml"),
    ],
)
def test_enclosed_mail_always_has_a_name(name, subject, shown):
    """Its own, or its subject's, on one line and bounded."""
    inner = part(body="x", headers=[("From", "a@b.example"), ("Subject", subject)])
    assert files(multi("mixed", TEXT, enclosed(inner, filename=name)))[0][0] == shown


def test_mail_that_is_only_forwarded_shows_what_it_encloses():
    """Case 17 e: without a text of its own the enclosed mail is shown as a forward, so that it is
    readable and nobody's reply (edge case 146).
    """
    whole = enclosed(INNER, headers=[("From", "ann@x.example"), ("Subject", "Fwd: complaint")])
    for payload in (
        whole,
        multi("mixed", enclosed(INNER)),
        multi("mixed", part(body=" \n"), whole),
    ):
        parsed = parse(payload)
        assert parsed.text == (
            "---------- Forwarded message ---------\n"
            "From: Carl <carl@third.example>\nSubject: complaint\nTo: ann@x.example\n\n"
            "The pump is broken again."
        )
        assert parsed.reply_text == ""
        assert "Forwarded message" not in parse(multi("mixed", TEXT, payload)).search_text
        assert [attachment.filename for attachment in parsed.attachments] == ["complaint.eml"]
        assert parsed.search_text.count("pump") == 1


def test_mail_that_cannot_be_looked_into_is_listed_and_shows_nothing():
    """Of what was not fetched there is no more than the file."""
    closed = part("message/rfc822", attachment_id="ANG", part_id="1")
    assert parse(multi("mixed", closed)).text == ""
    assert files(multi("mixed", closed)) == [("message.eml", "message/rfc822", 0, False)]


def test_what_lies_in_an_enclosed_mail_is_found_and_no_file_of_the_outer():
    """Files and mails in it are found by their names and words (edge case 145)."""
    pdf = part("application/pdf", filename="plan.pdf", attachment_id="ANG")
    deeper = enclosed(part(body="deep words", headers=[("Subject", "deep")]))
    mail = enclosed(part("multipart/mixed", headers=FIELDS, parts=[INNER, pdf, deeper]))
    parsed = parse(multi("mixed", TEXT, mail))
    assert [attachment.filename for attachment in parsed.attachments] == ["complaint.eml"]
    assert "plan.pdf" in parsed.search_text
    assert "deep words" in parsed.search_text


def test_html_of_an_enclosed_mail_is_found_and_not_shown():
    """Its text is read from its HTML; the outer mail's HTML stays its own."""
    inner = part("text/html", "<p>The <b>pump</b></p>", headers=FIELDS)
    parsed = parse(multi("mixed", TEXT, enclosed(inner)))
    assert "The pump" in parsed.search_text
    assert parsed.html == ""


def test_digest_is_a_list_of_mails():
    """Each mail of a digest is a file by its subject, and all their words are found."""
    mails = [enclosed(part(body=f"words{n}", headers=[("Subject", f"s{n}")])) for n in range(3)]
    parsed = parse(multi("mixed", TEXT, multi("digest", *mails)))
    assert [attachment.filename for attachment in parsed.attachments] == [
        "s0.eml",
        "s1.eml",
        "s2.eml",
    ]
    assert all(f"words{n}" in parsed.search_text for n in range(3))


def test_mail_that_a_report_returns_belongs_to_the_report():
    """It is listed; a person says of no bounce that it has a file (edge case 147)."""
    status = part("message/delivery-status", "Action: failed")
    bounce = multi("report", TEXT, status, enclosed(INNER))
    assert files(bounce) == [("complaint.eml", "message/rfc822", 25, True)]


def test_report_without_a_text_shows_what_it_says_to_programs():
    """A status alone, in either form of Gmail's, is readable."""
    assert parse(part("message/delivery-status", "Action: failed")).text == "Action: failed"
    opened = part("message/delivery-status", parts=[part(body="Action: failed")])
    assert parse(multi("report", opened)).text == "Action: failed"


def test_enclosed_mails_are_read_to_a_bound():
    """What no index takes is not read: ten times the mails take no ten times as long."""
    mail = enclosed(part(body="word " * 20_000, headers=FIELDS))
    parsed = parse(multi("mixed", TEXT, *[mail] * 30))
    assert len(parsed.search_text) <= MAX_SEARCH_CHARS
    assert len(parsed.attachments) == 30


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/alternative", "multipart/signed"])
@pytest.mark.parametrize("leaf", ["text/plain", "text/calendar", "image/png", "message/partial"])
def test_trees_take_linear_time(kind, leaf):
    """Ten times the parts, side by side, take about ten times as long (edge case 151)."""
    html = part("text/html", "<p>x</p>")

    def parsed(times):
        parts = [part(leaf, "x", filename="a"), part(kind, parts=[part(leaf)])] * times
        return parse(multi("mixed", html, *parts))

    assert_linear(parsed, 100)
