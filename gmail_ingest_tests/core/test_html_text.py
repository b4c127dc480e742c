import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest.core.mail.text.html_text import html_to_text
from gmail_ingest_tests.core.growth import assert_linear


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hi <b>An</b>na,</p><p>second&nbsp;&amp; last</p>", "Hi Anna,\n\nsecond & last"),
        ("one<br>two<div>three</div>four", "one\ntwo\nthree\nfour"),
        ("<style>p{}</style><script>x()</script><p>seen</p><!-- no -->", "seen"),
        ("<a href='https://x.example/secret'>link</a> <img alt='logo' src=x>", "link"),
        ("<ul><li>one<li>two</ul>", "  \u2022 one\n  \u2022 two"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<p>a</p><p> </p><p></p><div><br></div><div><br></div><p>b</p>", "a\n\nb"),
        ("a < b <unclosed", "a < b"),
        ("", ""),
        ("&#0;&#xD800;x", "\ufffd\ufffdx"),
    ],
)
def test_html_to_text_gives_what_a_reader_sees(html, text):
    """Inline tags join, block tags break, invisible things are gone."""
    assert html_to_text(html) == text


@pytest.mark.parametrize("mark", ['type="cite"', 'class="gmail_quote" style="margin:0"'])
def test_html_quotes_are_marked_as_in_plain_mail(mark):
    """A cited mail gets ``>`` lines, so that an answer between quotes survives."""
    html = (
        "<div>Top</div><div>On Mon, Jan 1, 2024 at 10:00 AM Bob &lt;b@x.example&gt; wrote:</div>"
        f"<blockquote {mark}>one<br>two<blockquote {mark}>deep</blockquote></blockquote>after"
    )
    text = html_to_text(html)
    assert "\n> one\n> two\n> deep\n\nafter" in text
    assert read_reply(text).text == "Top\n\nafter"


def test_html_indentation_is_no_quote():
    """A blockquote without the mark of a mail program is layout."""
    assert html_to_text("<blockquote>indented</blockquote>") == "indented"


@pytest.mark.parametrize(
    "piece",
    [
        "<div>", "<blockquote type=cite>", "<blockquote>", "<table><tr><td>", "<b><i></b>", "<",
        "&", "<a x=y ", '<div class="gmail_quote">', '<blockquote class="gmail_quote">',
        '<div class="gmail_signature">', '<div id="AppleMailSignature">a',
        '<div id="Signature">a<p>', '<div class="moz-cite-prefix">a<p>',
        '<div id="divRplyFwdMsg">', '<div class="gmail_quote" style="display:none">',
        '<div class="gmail_quote"><blockquote class="gmail_quote">q</blockquote>a</div>',
        "<blockquote>On 5 March 2024 at 10:00, J <j@e.org> wrote:<p>", '<i class="' + "a" * 99_000,
        '<div class="moz-cite-prefix">On 5 March a@b.c wrote:</div><blockquote type=cite>q',
    ],
)  # fmt: skip
def test_html_to_text_takes_bounded_time(piece):
    """Ten times the nesting and the marks cost some ten times as much (edge case 137)."""
    assert_linear(lambda size: html_to_text(piece * max(1, size // len(piece))), 20_000)


def test_marks_cost_a_bounded_number_of_looks():
    """Behind much text each look is long: ten times the marks there cost no more (edge case
    137).
    """
    text = "line<br>" * 15_000
    marks = '<div class="gmail_quote"><blockquote class="gmail_quote">q</blockquote></div>'
    spent = []
    for count in (200, 2_000):
        started = time.process_time()
        html_to_text(text + marks * count)
        spent.append(time.process_time() - started)
    assert spent[1] < 3 * spent[0] + 0.1


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<div style="display:none;max-height:0">Sale!</div><p>Dear Ann</p>', "Dear Ann"),
        ('<p>Dear <span style="color:red; DISPLAY: None">x</span>Ann</p>', "Dear Ann"),
        ('<div style="display:none">all of it</div>', "all of it"),
        ('<blockquote type="cite">a<i style="display:none">b</i></blockquote>', "> a"),
        ('<div style="display:block">seen</div>', "seen"),
    ],
)
def test_hidden_text_is_not_read(html, text):
    """What HTML hides is no text of the mail, unless it hides everything (edge case 137)."""
    assert html_to_text(html) == text


@given(st.text() | st.lists(st.sampled_from(
    ["<blockquote type=cite>", "</blockquote>", "<pre>", "<p", ">", "a", "<body>", "</html>",
     "<frameset>", "<template>", "<svg>", "<select>", "\x00", "&#x110000;"]
)).map("".join))  # fmt: skip
def test_html_to_text_never_raises(html):
    """Broken and odd HTML gives text."""
    html_to_text(html).encode()
