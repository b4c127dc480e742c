import pytest

from gmail_ingest.core.mail.payload import MissingBody, missing_bodies, parse_message
from gmail_ingest.core.mail.text.enriched import plain_of_enriched
from gmail_ingest_tests.core.gmail_json import part, resource
from gmail_ingest_tests.core.growth import assert_linear

PDF = part("application/pdf", part_id="9", filename="fax.pdf", attachment_id="ANG")
INLINE = {"Content-Disposition": "inline"}
ATTACHED = {"Content-Disposition": "attachment"}


def multi(kind, *parts, **fields):
    return part(f"multipart/{kind}", parts=list(parts), **fields)


def read(payload):
    parsed = parse_message(resource(payload), owner_addresses=[])
    return parsed.text, [attachment.filename for attachment in parsed.attachments]


def named(mime_type="text/plain", body="me", filename="message.txt", headers=None):
    return part(mime_type, body, filename=filename, headers=headers or {})


@pytest.mark.parametrize(
    ("payload", "text", "files"),
    [
        (named("text/html", "<p>me</p>", "mail.html"), "me", []),
        (named(), "me", []),
        (named(headers=INLINE), "me", []),
        (named(headers=ATTACHED), "me", ["message.txt"]),
        (part(body="me", headers=ATTACHED), "me", []),
        (multi("mixed", named(headers=INLINE), PDF), "me", ["fax.pdf"]),
        (multi("mixed", PDF, named()), "me", ["fax.pdf"]),
        (multi("mixed", part(body="me", headers=ATTACHED), PDF), "me", ["fax.pdf"]),
        (multi("mixed", named(headers=ATTACHED), PDF), "", ["message.txt", "fax.pdf"]),
        (multi("mixed", named(), named(body="two", filename="b.txt")), "me", ["b.txt"]),
        (multi("mixed", part(body="me"), named(body="two")), "me", ["message.txt"]),
        (multi("mixed", named(body="two"), part(body="me")), "me", ["message.txt"]),
        (multi("alternative", named(), named("text/html", "<p>b</p>", "b.html")), "me", []),
        (multi("alternative", part(body="me"), named("text/html", "<p>b</p>", "b.html")), "me", []),
        (multi("alternative", part(body="me"), part("text/html", "b", headers=ATTACHED)), "me", []),
        (
            multi("alternative", part(body="me"), named("text/html", "b", "b.html", ATTACHED)),
            "me",
            ["b.html"],
        ),
        (
            multi("alternative", named(headers=ATTACHED), named("text/html", "b", "b", ATTACHED)),
            "me",
            [],
        ),
        (
            multi("mixed", multi("alternative", named(), named("text/html", "b", "b.html")), PDF),
            "me",
            ["fax.pdf"],
        ),
        (
            multi("mixed", part(body=" \r\n\xa0"), named(headers=INLINE)),
            " \n\xa0\nme",
            ["message.txt"],
        ),
        (
            multi("mixed", part("text/html", "<div><br></div>"), named(body="me")),
            "\nme",
            ["message.txt"],
        ),
        (multi("related", named("text/html", "<p>me</p>", "index.html"), PDF), "me", ["fax.pdf"]),
    ],
)
def test_text_is_found_by_looking_at_all_parts(payload, text, files):
    """Case 07 and mail 18: a name makes no file of the only thing that can be the text, and a file
    stays a file where there is a text (edge case 140).
    """
    assert read(payload) == (text, files)


@pytest.mark.parametrize(
    ("payload", "text", "files"),
    [
        (part("text/markdown", "# me"), "# me", []),
        (part("text/x-unknown", "me"), "me", []),
        (part("text/x-amp-html", "<p>me</p>"), "me", []),
        (part("application/xhtml+xml", "<p>me</p>"), "me", []),
        (part("", "me"), "me", []),
        (part("text", "me"), "me", []),
        (multi("mixed", part("text/enriched", "me"), PDF), "me", ["fax.pdf"]),
        (multi("alternative", part("text/enriched", "not"), part("text/html", "me")), "me", []),
        (multi("mixed", part(body="me"), part("text/x-patch", "+ a")), "me\n+ a", []),
        (multi("mixed", part("text/markdown", "me", filename="a.md"), PDF), "me", ["fax.pdf"]),
        (multi("mixed", part("text/csv", "1,2", filename="a.csv"), PDF), "", ["a.csv", "fax.pdf"]),
        (
            multi("mixed", part("text/vcard", "x", filename="a.vcf"), part(body="me")),
            "me",
            ["a.vcf"],
        ),
        (part("text/rtf", "{\\rtf1}"), "", [""]),
        (part("multipart/mixed", "--b\n\nme\n--b--"), "me", []),
        (multi("mixed", part("multipart/mixed", "inner"), part(body="me")), "inner\nme", []),
    ],
)
def test_other_text_is_the_text_where_nothing_else_is(payload, text, files):
    """Text of any kind that a person can read, and a multipart that has lost its boundary, are
    neither lost nor taken for files (edge case 150).
    """
    assert read(payload) == (text, files)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<bold>Now</bold> is\nthe time\n\n\nfor <italic>all", "Now is the time\n\nfor all"),
        ("<color><param>red</param>me</color> << 5", "me < 5"),
        ("<nofill>a\nb</nofill>\nc", "a\nb c"),
        ("a<nl>b <lt> c", "a\nb < c"),
        ("1 < 2 </param>", "1 < 2 "),
    ],
)
@pytest.mark.parametrize("mime_type", ["text/enriched", "TEXT/RichText"])
def test_enriched_text_is_read_without_its_commands(source, words, mime_type):
    """Its commands are no words (RFC 1896, edge case 150)."""
    header = {"Content-Type": f"{mime_type}; charset=us-ascii"}
    assert read(part(mime_type, source, headers=header))[0] == words


@pytest.mark.parametrize("piece", ["<", "<<", "<a>", "<param>", "\n", "<a", "a\n"])
def test_enriched_text_takes_linear_time(piece):
    """Ten times the text takes about ten times as long (edge case 151)."""
    assert_linear(lambda times: plain_of_enriched(piece * times), 3_000)


def test_several_alternatives_are_read_one_after_the_other():
    """A text in two halves around a file, each in two forms, and a root that is not the first part
    of its page, are read whole (edge case 140).
    """
    first, second = (
        multi("alternative", part(body=letter), part("text/html", f"<p>{letter}</p>"))
        for letter in "ab"
    )
    page = multi("related", part("image/png", "x", headers={"Content-ID": "<i>"}), second)
    parsed = parse_message(resource(multi("mixed", first, PDF, page)), owner_addresses=[])
    assert (parsed.text, parsed.html) == ("a\nb", "<p>a</p>\n<p>b</p>")


@pytest.mark.parametrize("name", ["ATT00001.txt", "att000012.htm", "ATT00002.html"])
def test_piece_of_the_text_that_a_server_has_named_is_text(name):
    """Exchange makes files of the texts behind a file; nobody attached them (edge case 152)."""
    kind = "text/plain" if name.endswith("txt") else "text/html"
    piece = part(kind, "the rest", filename=name, headers=ATTACHED)
    assert read(multi("mixed", part(body="me"), PDF, piece)) == ("me\nthe rest", ["fax.pdf"])
    assert read(multi("mixed", part(body="me"), named(filename="ATT1.txt")))[1] == ["ATT1.txt"]


def test_two_renderings_that_were_sent_as_two_texts_are_one():
    """Some programs write mixed where they mean alternative (edge case 152)."""
    html = "<p>Hello   Ann,</p><p>see you.</p>"
    twice = multi("mixed", part(body="Hello Ann,\n\nsee you.\n"), part("text/html", html))
    parsed = parse_message(resource(twice), owner_addresses=[])
    assert (parsed.text, parsed.html) == ("Hello Ann,\n\nsee you.\n", html)
    other = multi("mixed", part(body="Hello Ann"), part("text/html", html))
    assert read(other)[0] == "Hello Ann\nHello Ann,\n\nsee you."


def unsent(mime_type="text/plain", part_id="1", size=100, **fields):
    found = part(mime_type, part_id=part_id, attachment_id=f"A{part_id}", **fields)
    found["body"]["size"] = size
    return found


@pytest.mark.parametrize(
    ("payload", "ids"),
    [
        (unsent(filename="message.txt", part_id=""), [""]),
        (multi("mixed", unsent(filename="a.txt"), PDF), ["1"]),
        (multi("mixed", part(body="me"), unsent(filename="a.txt")), []),
        (multi("mixed", unsent(filename="a.txt", size=2_000_000), PDF), []),
        (multi("mixed", unsent(part_id="0", size=1_001), unsent(filename="a.txt")), ["0"]),
        (multi("mixed", unsent(part_id="0"), unsent(filename="a.txt")), ["0", "1"]),
        (multi("mixed", part(body="me"), unsent("message/rfc822")), ["1"]),
        (multi("mixed", part(body="me"), unsent("message/rfc822", size=9_000_000)), []),
        (multi("mixed", part(body="me"), part("message/rfc822", parts=[unsent()])), ["1"]),
        (
            multi("mixed", part(body="me"), unsent("message/rfc822", parts=[part(body="x")])),
            [],
        ),
        (
            multi("digest", *(unsent("message/rfc822", f"{n}") for n in range(40))),
            list("0123456789"),
        ),
        (multi("report", part(body="me"), unsent("message/delivery-status")), ["1"]),
        (multi("alternative", part(body="words of a text"), unsent("text/calendar")), ["1"]),
        (multi("mixed", part("text/calendar", "BEGIN"), unsent("application/ics")), []),
        (
            multi("mixed", part(body="me"), *(unsent("text/calendar", f"{n}") for n in range(9))),
            ["0", "1"],
        ),
        (multi("mixed", part(body="me"), unsent("text/calendar", size=200_000)), []),
        (unsent("text/calendar"), ["1"]),
        (unsent("application/pdf", filename="a.pdf"), []),
        (multi("mixed", part(body="me"), unsent("image/png")), []),
    ],
)
def test_what_must_be_fetched_is_named_and_no_more(payload, ids):
    """Texts whether they have a name or not, and in bounds what is found by its words only; no
    files (edge case 149).
    """
    assert [missing_body.part_id for missing_body in missing_bodies(resource(payload))] == ids


def test_named_text_that_was_fetched_is_the_text():
    """Mail 22 and case 07: Gmail gives what has a name by attachment id, in its own charset."""
    payload = multi(
        "mixed",
        unsent(filename="message.txt", headers={"Content-Type": "text/plain; charset=us-ascii"}),
        PDF,
    )
    (missing,) = missing_bodies(resource(payload))
    assert missing == MissingBody("1", "A1", "text/plain", "us-ascii", 100)
    parsed = parse_message(resource(payload), owner_addresses=[], bodies={"1": b"5 \x80 caf\xe9"})
    assert parsed.text == "5 \u20ac caf\u00e9"
