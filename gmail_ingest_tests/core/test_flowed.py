import pytest

from gmail_ingest.core.mail.headers import parameters_of
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest.core.mail.text.flowed import OWN_LINE, line_ends_of, unfolded, unmarked
from gmail_ingest_tests.core.gmail_json import part, resource
from gmail_ingest_tests.core.growth import assert_linear

FLOWED = "text/plain; charset=utf-8; format=flowed"


def parse(body, content_type=FLOWED):
    payload = part(body=body, headers={"Content-Type": content_type})
    return parse_message(resource(payload), owner_addresses=[])


#: Case 01, flowed.eml.
OFFER = """\
> Where shall we deliver, and\x20
> when would it suit you?

Please deliver to the warehouse in Harbour Street, and call the\x20
gate keeper before you arrive, because the second gate is closed\x20
on Mondays.

The prices per piece are:
 > 100 pieces: 4 euro
 > 500 pieces: 3 euro
 From there on we can talk.

Best regards
--\x20
Ann
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_flowed_text_has_its_paragraphs_on_one_line(ends):
    """Case 01: lines are joined at one quote depth, stuffing goes, and the sender's own lines that
    begin with ">" are no quote (edge cases 138 and 139).
    """
    parsed = parse(OFFER.replace("\n", ends))
    assert parsed.text == (
        "> Where shall we deliver, and when would it suit you?\n\n"
        "Please deliver to the warehouse in Harbour Street, and call the gate keeper before you"
        " arrive, because the second gate is closed on Mondays.\n\n"
        "The prices per piece are:\n"
        "> 100 pieces: 4 euro\n> 500 pieces: 3 euro\nFrom there on we can talk.\n\n"
        "Best regards\n-- \nAnn\n"
    )
    assert "> 100 pieces: 4 euro\n> 500 pieces: 3 euro\nFrom there" in parsed.reply_text
    assert "Where shall we deliver" not in parsed.reply_text


def test_blank_of_delsp_is_not_the_senders():
    """Case 01, delsp.eml: a link that was folded is one link, and found as one word; a language
    without blanks gets none (edge case 138).
    """
    folded = (
        "Here: https://portal.customer.example/orders/2026/11/ \n"
        "purchase-order-4711/confirmed?signature=abcdef \n0123456789\n\n"
        "\u5009\u5eab\u306e\u62c5\u5f53\u8005\u307e\u3067 \n\u304f\u3060\u3055\u3044\u3002\n"
    )
    parsed = parse(folded, 'text/plain; Format="Flowed"; DelSp="Yes"')
    assert parsed.text == (
        "Here: https://portal.customer.example/orders/2026/11/"
        "purchase-order-4711/confirmed?signature=abcdef0123456789\n\n"
        "\u5009\u5eab\u306e\u62c5\u5f53\u8005\u307e\u3067\u304f\u3060\u3055\u3044\u3002\n"
    )
    assert "signature=abcdef0123456789" in parsed.search_text


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        (">> a \n>> b\n> c \n> d", ">> a b\n> c d"),
        ("> a \nmine \n> b", "> a\nmine\n> b"),
        (">a \n> b", "> a b"),
        ("> > a \n> > b", ">> a b"),
        (">> a \n> > b", ">> a b"),
        ("> \n>\n>>", ">\n>\n>>"),
        ("Bye \n-- \nAnn \nSales", "Bye\n-- \nAnn Sales"),
        ("> Bye \n> -- \n> Bob", "> Bye\n> -- \n> Bob"),
        (">-- \n> Bob", "> -- \n> Bob"),
        ("a \n\nb \n", "a\n\nb\n"),
        ("a \n   \nb", "a\n\nb"),
        ("  two blanks", " two blanks"),
        ("the end \n____________\nfooter", "the end\n____________\nfooter"),
        ("a  \nb", "a  b"),
        ("", ""),
    ],
)  # fmt: skip
def test_lines_are_joined_only_where_they_go_on(text, joined):
    """Depth, signature, blank lines and the rule of a list end a paragraph; "-- " is never folded,
    quoted or not (edge case 138).
    """
    assert unmarked(unfolded(text, drops_blank=False)) == joined


@pytest.mark.parametrize("line", [" > 5 is more", " >", " >>> look", " > "])
def test_own_line_that_begins_like_a_quote_is_told(line):
    """Only ">" in the first column is a quote (edge case 139)."""
    assert unfolded(line, drops_blank=False).startswith(OWN_LINE + ">")
    assert parse(line).reply_text.rstrip() == line.strip()
    assert OWN_LINE not in parse(line).text


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Bob Miller wrote:\n > Where shall we\n > deliver?\n\nTo Berlin.", "To Berlin."),
        ("Bob wrote:\n >\n > x\n\nA\n\n > y\n\nB", "A\n\nB"),
        ("A\n\n > > what Bob said\nB", "A\n\nB"),
        ("The prices are:\n > 5 pieces", "The prices are:\n> 5 pieces"),
        ("> Bob wrote:\n\nCarl wrote:\n > 5", "Carl wrote:\n> 5"),
        (" > x <- 1\n >\n > y <- 2\n >>> print(x)", "> x <- 1\n>\n> y <- 2\n>>> print(x)"),
    ],
)
def test_quotes_that_a_program_has_stuffed_are_quotes(text, reply):
    """Some programs stuff quotes like any line; an introduction above tells, where no quote stands
    in the first column. In doubt a line is the sender's (edge case 139).
    """
    assert parse(text).reply_text == reply


def test_own_line_is_shown_as_it_is_beside_html():
    """The mark of an own line is in neither text nor HTML."""
    plain = part(body="x\n > 5", headers={"Content-Type": FLOWED})
    payload = part("multipart/mixed", parts=[plain, part("text/html", "<p>y</p>")])
    parsed = parse_message(resource(payload), owner_addresses=[])
    assert parsed.text == "x\n> 5\ny"
    assert OWN_LINE not in parsed.html + parsed.search_text + parsed.reply_text


@pytest.mark.parametrize(
    ("content_type", "meaning"),
    [
        ("text/plain; format=flowed", (True, False)),
        ("TEXT/PLAIN;FORMAT=FLOWED;DELSP=YES", (True, True)),
        ('text/plain; delsp="yes"; format="flowed"', (True, True)),
        ("text/plain; format = flowed ; delsp = no", (True, False)),
        ("text/plain; format*0=flo; format*1=wed", (True, False)),
        ("text/plain; format*=us-ascii'en'flowed", (True, False)),
        ("text/plain;\n\tformat=flowed", (True, False)),
        ('text/plain; name="a; format=flowed"', (False, False)),
        ("text/plain; name=format=flowed", (False, False)),
        ("text/plain; format=fixed; delsp=yes", (False, True)),
        ("text/plain; x-format=flowed", (False, False)),
        ("text/plain", (False, False)),
    ],
)
def test_line_ends_of_reads_every_notation(content_type, meaning):
    """Any case, quotes, and the pieces of RFC 2231; never inside another parameter."""
    lines = line_ends_of(content_type)
    assert (lines.flow, lines.flow and lines.drop_blanks) == (meaning[0], all(meaning))


def test_text_that_is_not_flowed_stays_as_it_is():
    """Without the parameter, and in HTML, blanks at the end of a line mean nothing."""
    assert parse("a \nb", "text/plain").text == "a \nb"
    assert parse("a \nb", "text/plain; format=fixed").text == "a \nb"


def test_parameters_of_reads_pieces_in_order():
    """A long value comes in pieces; of two with one name the first counts (RFC 2231)."""
    value = 'a/b; x*0="1 "; x*1=2; y="q\\"q"; y=no; z*=utf-8\'\'%41'
    assert parameters_of(value) == {"x": "1 2", "y": 'q"q', "z": "A"}


@pytest.mark.parametrize("piece", ["a \n", "> a \n>> b\n", ">", " \n", "-- \n", "_", "\n", " > \n"])
def test_unfolded_takes_linear_time(piece):
    """Ten times the text takes about ten times as long (edge case 151)."""
    assert_linear(lambda times: unfolded(piece * times, drops_blank=False), 3_000)


@pytest.mark.parametrize("piece", [";", "; a", "; a=", '; a="', '; a="\\', ";a*0=b", " ", ";a =b"])
def test_parameters_of_takes_linear_time(piece):
    """Ten times the header takes about ten times as long (edge case 151)."""
    assert_linear(lambda times: parameters_of(piece * times), 3_000)
