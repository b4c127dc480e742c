"""Signatures in HTML, by the markup of each program, and what is typed into them."""

import pytest

from gmail_ingest.core.mail.reply.reply_text import Reply, read_reply
from gmail_ingest.core.mail.text.html_text import html_to_text

QUOTE = (
    '<div class="gmail_quote"><div class="gmail_attr">2024.3.5 Боролдой бичсэн:</div>'
    '<blockquote class="gmail_quote">the offer</blockquote></div>'
)
GMAIL = '<div class="gmail_signature" data-smartmail="gmail_signature">Ann Roe<br>Sales</div>'
OUTLOOK = '<div id="Signature"><p>Ann Roe</p><p>Sales</p></div>'

# Each is the signature of "Ann Roe", "Sales".
PROGRAMS = {
    "gmail": GMAIL,
    "gmail with its delimiter": f'<span class="gmail_signature_prefix">-- </span><br>{GMAIL}',
    "gmail of old": '<div data-smartmail="gmail_signature">Ann Roe<br>Sales</div>',
    "outlook web": OUTLOOK,
    "outlook mobile": '<div id="ms-outlook-mobile-signature">Ann Roe<br>Sales</div>',
    "thunderbird": '<pre class="moz-signature" cols="72">-- \nAnn Roe\nSales</pre>',
    "proton": '<div class="protonmail_signature_block"><div>Ann Roe</div><div>Sales</div></div>',
    "samsung": '<div id="composer_signature"><p>Ann Roe</p>Sales</div>',
    "iphone": '<div id="AppleMailSignature">Ann Roe<div>Sales</div></div>',
    "yahoo": '<div class="ydp8signature"><div>Ann Roe</div><div>Sales</div></div>',
    "spark": '<div name="messageSignatureSection"><br>Ann Roe<br>Sales</div>',
    "zoho": '<div id="Zm-_Id_-Sgn"><div>Ann Roe</div><div>Sales</div></div>',
    "zoho below": '<div class="zmail_signature_below">Ann Roe<br>Sales</div>',
    "superhuman": '<div class="sh-signature"><div>Ann Roe</div><div>Sales</div></div>',
    "airmail": '<div id="bloop_sign_7" class="bloop_sign">Ann Roe<br>Sales</div>',
    "mailspring": "<signature>Ann Roe<br>Sales</signature>",
    "front": '<div class="front-signature">Ann Roe<br>Sales</div>',
    "hubspot": '<div class="hs_signature"><p>Ann Roe<br>Sales</p></div>',
    "em client": '<div id="signature_old"><div>Ann Roe</div>Sales</div>',
    "k-9": '<div class="k9mail-signature">-- <br>Ann Roe<br>Sales</div>',
}


@pytest.fixture(params=PROGRAMS.values(), ids=PROGRAMS.keys())
def signature(request):
    """The signature in the markup of one program."""
    return request.param


def words(reply):
    """A reply without blank lines, which programs put differently."""
    return Reply(reply.text, reply.signature.replace("\n\n", "\n"))


def test_the_signature_of_each_program_is_a_part_of_its_own(signature):
    """It stands below its delimiter, above the quoted mail (edge case 135; mail 17)."""
    text = html_to_text(f"<div>Agreed.</div>{signature}{QUOTE}")
    assert "\n-- \nAnn Roe\n" in text
    assert text.endswith("Sales\n\n> 2024.3.5 Боролдой бичсэн:\n\n> the offer")
    assert words(read_reply(text)) == Reply("Agreed.", "Ann Roe\nSales")


def test_words_below_a_signature_are_not_part_of_it(signature):
    """An answer below it, or between the quotes there, stays in the text (edge case 135)."""
    text = html_to_text(f"<div>Agreed.</div>{signature}{QUOTE}<div>But when?</div>")
    assert words(read_reply(text)) == Reply("Agreed.\n\nBut when?", "Ann Roe\nSales")


HEADER_BLOCK = (
    "<div><b>From:</b> Bo &lt;bo@example.org&gt;<br><b>Sent:</b> Tuesday, March 5, 2024 10:00 AM"
    "<br><b>To:</b> Ann<br><b>Subject:</b> x</div><p>the offer</p>"
)


@pytest.mark.parametrize("name", ["gmail", "outlook web", "iphone", "thunderbird"])
@pytest.mark.parametrize(
    "below",
    [
        "<p>---------- Forwarded message ---------<br>From: Bo &lt;bo@example.org&gt;<br>x</p>",
        HEADER_BLOCK,
        "<p>On 5 March 2024 at 10:00, Bo &lt;bo@example.org&gt; wrote:</p><p>the offer</p>",
    ],
)
def test_quoted_mail_without_markup_stays_below_the_signature(below, name):
    """Then the signature stays in its place, and is found (edge case 135)."""
    text = html_to_text(f"<div>Agreed.</div>{PROGRAMS[name]}{below}")
    assert words(read_reply(text)) == Reply("Agreed.", "Ann Roe\nSales")


def test_two_signatures_are_one():
    """One of the person and one of the program, as Outlook's mobile program writes them (edge
    case 135).
    """
    html = f"Agreed.{OUTLOOK}<div>And soon.</div>{PROGRAMS['samsung']}"
    text = html_to_text(html)
    assert text.count("-- ") == 1
    assert read_reply(text).text == "Agreed.\nAnd soon."


@pytest.mark.parametrize("quote", ["", QUOTE])
@pytest.mark.parametrize("name", ["gmail", "outlook web", "outlook mobile", "samsung", "iphone"])
def test_what_stands_in_a_signature_alone_is_text(name, quote):
    """People type there: without other words of the sender's own, these are they (edge case
    136).
    """
    typed = PROGRAMS[name].replace("Sales", "Yes, on Monday.")
    assert read_reply(html_to_text(typed + quote)).text.endswith("Yes, on Monday.")


def test_a_forwarded_mail_has_no_words_of_its_senders_but_the_signature():
    """Gmail's signature above a mail that is forwarded without a comment is no comment (edge
    case 136).
    """
    forwarded = '<div class="gmail_quote">---------- Forwarded message ---------<br>x</div>'
    assert read_reply(html_to_text(GMAIL + forwarded)) == Reply("", "Ann Roe\nSales")


IOS_LINES = '<div id="AppleMailSignature">Two.</div><div id="AppleMailSignature">Three.</div>'
IOS_TEXT = '<div id="AppleMailSignature">Two.<br>a<br>b<br>c<br>d<br>Three.</div>'


@pytest.mark.parametrize("typed", [IOS_LINES, IOS_TEXT])
def test_lines_that_ios_takes_for_its_signature_are_text(typed):
    """Apple's mobile program gives its signature's id to what is typed there (edge case 136)."""
    reply = read_reply(html_to_text(f"<div>One.</div>{typed}"))
    assert reply.text.startswith("One.\nTwo.")
    assert reply.text.endswith("Three.")


def test_a_signature_inside_quoted_mail_is_quoted():
    """It is not the sender's (edge case 135)."""
    html = f'<div>Agreed.</div><blockquote type="cite">the offer{GMAIL}</blockquote>'
    assert read_reply(html_to_text(html)) == Reply("Agreed.", "")


def test_gmails_signature_below_a_short_answer():
    """The mail of a person whose Gmail appends a signature (edge case 135; mail 17)."""
    html = (
        '<div dir="ltr">Thanks, that works for us.<div><br></div><div dir="ltr" '
        'class="gmail_signature" data-smartmail="gmail_signature">Jane Roe<br>Example Ltd<br>'
        "+1 555 0100</div></div>"
    )
    reply = read_reply(html_to_text(html))
    assert reply == Reply("Thanks, that works for us.", "Jane Roe\nExample Ltd\n+1 555 0100")
