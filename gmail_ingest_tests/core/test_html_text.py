import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.html_text import html_to_text
from gmail_ingest.core.reply_text import read_reply


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
    assert "\n> one\n> two\n> deep\nafter" in text
    assert read_reply(text).text == "Top\nafter"


def test_html_indentation_is_no_quote():
    """A blockquote without the mark of a mail program is layout."""
    assert html_to_text("<blockquote>indented</blockquote>") == "indented"


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<blockquote type=cite>", "<table><tr><td>", "<b><i></b>", "<", "&", "<a x=y "],
)
def test_html_to_text_takes_bounded_time(piece):
    """Two hundred kilobytes of nesting cost less than two seconds."""
    started = time.process_time()
    html_to_text(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 2


@given(st.text() | st.lists(st.sampled_from(
    ["<blockquote type=cite>", "</blockquote>", "<pre>", "<p", ">", "a", "<body>", "</html>",
     "<frameset>", "<template>", "<svg>", "<select>", "\x00", "&#x110000;"]
)).map("".join))  # fmt: skip
def test_html_to_text_never_raises(html):
    """Broken and odd HTML gives text."""
    html_to_text(html).encode()
