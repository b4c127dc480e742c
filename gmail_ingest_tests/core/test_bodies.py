import pytest

from gmail_ingest.core.mail.payload import MissingBody, missing_bodies, parse_message
from gmail_ingest_tests.core.gmail_json import part, resource


def parse(payload, **bodies):
    return parse_message(resource(payload), owner_addresses=[], **bodies)


def multi(kind, *parts, part_id=""):
    return part(f"multipart/{kind}", parts=list(parts), part_id=part_id)


HTML = part("text/html", "b")
FILE = part("application/pdf", part_id="9", filename="a.pdf", attachment_id="ANG")


@pytest.mark.parametrize(
    ("payload", "text", "html"),
    [
        (part(body="a"), "a", ""),
        (part("text/html", "<p>a</p>"), "a", "<p>a</p>"),
        (multi("alternative", part(body="a"), part("text/html", "<p>b</p>")), "a", "<p>b</p>"),
        (multi("alternative", part(body=" \r\n"), part("text/html", "<p>b</p>")), "b", "<p>b</p>"),
        (multi("alternative", part(body=""), part("text/html", "<p>b</p>")), "b", "<p>b</p>"),
        (multi("alternative", part(body="\u200b"), part("text/html", "b")), "b", "b"),
        (
            multi("mixed", multi("related", multi("alternative", part(body="a"), HTML)), FILE),
            "a",
            "b",
        ),
        (
            multi("alternative", part(body="a"), multi("mixed", HTML, FILE, HTML)),
            "a",
            "b\nb",
        ),
        (multi("mixed", part(body="a"), FILE, part(body="b")), "a\nb", ""),
        (
            multi("mixed", part("text/html", "<p>a</p>"), part(body="1 < 2")),
            "a\n1 < 2",
            '<p>a</p>\n<pre style="white-space: pre-wrap">1 &lt; 2</pre>',
        ),
        (multi("mixed"), "", ""),
        (part("multipart/mixed"), "", ""),
        (part("text/plain", "\ufeffa\r\nb\rc"), "a\nb\nc", ""),
    ],
)  # fmt: skip
def test_body_is_found_wherever_it_stands(payload, text, html):
    """Nested, empty and several texts give the text a reader sees (edge cases 44, 46, 47)."""
    parsed = parse(payload)
    assert (parsed.text, parsed.html, parsed.sanitized) == (text, html, False)


NEWS = "<table>" + "<tr><td>Long news of the day</td></tr>" * 100 + "</table>"


@pytest.mark.parametrize(
    ("plain", "rich", "shown"),
    [
        ("See this mail in a browser.", NEWS, "Long news of the day"),
        ("Thanks, Ann", '<div style="' + "color: red; " * 900 + '">Thanks, Ann</div>', "Thanks"),
        ("Thanks, Ann", "<p>Thanks, Ann</p><p>-- sent with love</p>", "Thanks"),
        ("A letter of its own. " * 60, NEWS, "A letter of its own."),
    ],
)
def test_stub_beside_long_html_is_not_the_text(plain, rich, shown):
    """A plain text that only points at the HTML gives way to it; a short letter in heavy markup,
    and a long one, do not (edge case 46).
    """
    parsed = parse(multi("alternative", part(body=plain), part("text/html", rich)))
    assert parsed.text.startswith(shown)
    assert parsed.html == rich


@pytest.mark.parametrize(
    "other",
    [
        part("text/plain", "not me", filename="notes.txt"),
        part("text/html", "not me", headers={"Content-Disposition": "Attachment; size=6"}),
        part("message/rfc822", parts=[part(body="not me")]),
        part("message/rfc822", parts=[multi("alternative", part("text/html", "not me"))]),
        part("text/calendar", "not me"),
    ],
)
def test_text_that_is_a_file_is_not_the_body(other):
    """Attached texts and enclosed mails never replace the outer text (edge case 44)."""
    assert parse(multi("mixed", other, part(body="me"))).text == "me"
    assert parse(multi("mixed", part("text/html", "me"), other)).text == "me"


LARGE = part(
    "text/plain",
    part_id="0",
    attachment_id="ANG1",
    headers={"Content-Type": "text/plain; charset=iso-8859-1"},
)


def test_missing_bodies_names_texts_that_came_without_data():
    """Only texts to read are fetched, no files (edge case 45)."""
    named = part("text/plain", part_id="2", filename="a.txt", attachment_id="ANG2")
    payload = multi("mixed", LARGE, part(body="here", part_id="1"), named)
    expected = (MissingBody("0", "ANG1", "text/plain", "iso-8859-1", 0),)
    assert missing_bodies(resource(payload)) == expected
    assert missing_bodies(resource(LARGE)) == expected
    assert missing_bodies({"id": "1"}) == ()


def test_fetched_body_is_decoded_by_its_declared_charset():
    """Bytes of attachments.get are raw, unlike inline data (edge cases 43, 45)."""
    payload = multi("mixed", LARGE, part(body="here", part_id="1"))
    assert parse(payload, bodies={"0": b"Caf\xe9"}).text == "Caf\u00e9\nhere"
    assert parse(payload).text == "here"


@pytest.mark.parametrize(
    ("body", "content_type", "text", "replaced"),
    [
        ("Caf\u00e9".encode(), "text/plain; charset=iso-8859-1", "Caf\u00e9", False),
        (b"Caf\xe9", "text/plain; charset=iso-8859-1", "Caf\u00e9", False),
        (b"Caf\xe9", "text/plain; charset=nonsense", "Caf\u00e9", False),
        (b"Caf\xe9", "", "Caf\u00e9", False),
        (b"a\x00b", "", "a\ufffdb", True),
    ],
)
def test_inline_body_is_utf8_unless_it_is_not(body, content_type, text, replaced):
    """The label counts only for bytes that are not UTF-8; NUL is flagged (edge cases 41, 43)."""
    parsed = parse(part(body=body, headers={"Content-Type": content_type}))
    assert (parsed.text, parsed.sanitized) == (text, replaced)


def test_body_that_is_no_base64_is_flagged():
    """Garbage in place of data gives an empty text and the flag."""
    payload = part()
    payload["body"]["data"] = "a"
    assert (parse(payload).text, parse(payload).sanitized) == ("", True)


def test_deep_nesting_is_survived():
    """A tree deeper than Python's stack is read to a bound and no further."""
    payload = part(body="deep")
    for _ in range(5_000):
        payload = multi("mixed", payload)
    assert parse(multi("mixed", part(body="top"), payload)).text == "top"
