"""Quoted mail in HTML, by the markup of each program, and the sender's own words beside it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest.core.mail.text.html_text import html_to_text

# Of a language that has no word list.
INTRODUCTION = "2024.3.5 10:00, Боролдой &lt;bo@example.org&gt; бичсэн:"
ATTRIBUTION = f'<div dir="ltr" class="gmail_attr">{INTRODUCTION}<br></div>'
HEADER = "<b>Kimdan:</b> Bo &lt;bo@example.org&gt;<br><b>Sana:</b> 5-mart<br>"

# Each has the sender's "Agreed.", and "the offer" of the mail that is answered.
PROGRAMS = {
    "gmail": f'<div dir="ltr">Agreed.</div><br><div class="gmail_quote gmail_quote_container">'
    f'{ATTRIBUTION}<blockquote class="gmail_quote">the offer</blockquote></div>',
    "gmail 2014": f'Agreed.<br><div class="gmail_extra"><div class="gmail_quote">{INTRODUCTION}'
    '<br><blockquote class="gmail_quote">the offer</blockquote></div></div>',
    "gmail 2006": f'Agreed.<br><span class="gmail_quote">{INTRODUCTION}</span>'
    '<blockquote class="gmail_quote">the offer</blockquote>',
    "gmail without a colon": '<div>Agreed.</div><div class="gmail_quote"><div class="gmail_attr">'
    'Боролдой &lt;bo@example.org&gt; 2024.3.5 10:00</div><blockquote class="gmail_quote">the offer'
    "</blockquote></div>",
    "apple mail": f'Agreed.<div><br><blockquote type="cite"><div>{INTRODUCTION}</div><br>'
    "<div>the offer</div></blockquote></div>",
    "thunderbird": f'<p>Agreed.</p><div class="moz-cite-prefix">{INTRODUCTION}<br></div>'
    '<blockquote type="cite" cite="mid:1@example.org">the offer</blockquote>',
    "yahoo": f'<div>Agreed.</div><div id="ydp7yahoo_quoted_3" class="ydp7yahoo_quoted">'
    f'<div>{INTRODUCTION}</div><div id="yiv11">the offer</div></div>',
    "outlook web": '<div>Agreed.</div><div id="appendonsend"></div><hr tabindex="-1">'
    f'<div id="divRplyFwdMsg" dir="ltr">{HEADER}</div><div>the<p>offer</p></div>',
    "outlook mobile": '<div>Agreed.</div><div id="mail-editor-reference-message-container">'
    f'<hr><div id="divRplyFwdMsg">{HEADER}</div>the offer</div>',
    "zoho": '<div>Agreed.</div><div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- 5-mart 10:00 '
    'Bo &lt;bo@example.org&gt; ----</div><blockquote id="blockquote_zmail">the offer</blockquote>'
    "</div>",
    "gmx": f'<div>Agreed.</div><div name="quote"><div>{HEADER}</div><div name="quoted-content">'
    "the offer</div></div>",
    "proton": f'<div>Agreed.</div><div class="protonmail_quote">{INTRODUCTION}<br><br>'
    '<blockquote class="protonmail_quote" type="cite">the offer</blockquote></div>',
    "tutanota": f"<div>Agreed.</div><div>{INTRODUCTION}</div>"
    '<blockquote class="tutanota_quote">the offer</blockquote>',
    "spark": '<div name="messageBodySection">Agreed.</div><div name="messageReplySection">'
    f'{INTRODUCTION}<br><blockquote type="cite">the offer</blockquote></div>',
    "airmail": f'<div>Agreed.</div><div class="airmail_ext_on">{INTRODUCTION}</div>'
    '<blockquote type="cite" class="clean_bq">the offer</blockquote>',
    "roundcube": f'<p>Agreed.</p><p id="reply-intro">{INTRODUCTION}</p>'
    '<blockquote type="cite">the offer</blockquote>',
    "front": '<div>Agreed.</div><blockquote type="cite" class="front-blockquote">'
    f"<div>{INTRODUCTION}</div>the offer</blockquote>",
    "freshdesk": '<div>Agreed.</div><div class="freshdesk_quote"><blockquote '
    'class="freshdesk_quote">On 5 March 2024, Bo &lt;bo@example.org&gt; wrote:<br>the offer'
    "</blockquote></div>",
    "superhuman": f'<div>Agreed.</div><div class="sh-quoted-content"><div class="gmail_quote">'
    f'{ATTRIBUTION}<blockquote class="gmail_quote">the offer</blockquote></div></div>',
    "mailspring": f'Agreed.<div class="gmail_quote_attribution">{INTRODUCTION}</div>'
    '<blockquote class="gmail_quote">the offer</blockquote>',
    "netease": '<div>Agreed.</div>At 2024-03-05 10:00:00, "Bo" &lt;bo@example.org&gt; wrote:'
    '<blockquote id="isReplyContent">the offer</blockquote>',
    "zimbra": '<div>Agreed.</div><hr data-marker="__DIVIDER__"><div data-marker="__HEADERS__">'
    f'{HEADER}</div><div data-marker="__QUOTED_TEXT__">the offer</div>',
    "yandex": '<div>Agreed.</div><div>05.03.2024, 10:00, "Bo" &lt;bo@example.org&gt;:</div>'
    "<blockquote><div>the offer</div></blockquote>",
    "mail.ru": '<p>Agreed.</p><blockquote style="border-left:1px solid #0857a6">Вторник, 5 марта '
    '2024, 10:00 +03:00 от Bo &lt;bo@example.org&gt;:<br><div class="js-readmsg-msg">the offer'
    "</div></blockquote>",
    "outlook express": '<DIV>Agreed.</DIV><BLOCKQUOTE style="BORDER-LEFT: #000 2px solid"><DIV>'
    "----- Original Message -----</DIV><DIV><B>From:</B> Bo</DIV><DIV>the offer</DIV>"
    "</BLOCKQUOTE>",
    "orange": '<p>Agreed.</p><blockquote style="border-left: 2px solid #ff6600">&gt; Message du '
    '05/03/24 10:00<br>&gt; De : "Bo" &lt;bo@example.org&gt;<br>&gt; A : ann@example.com<br>'
    "&gt; Objet : Offre<br>&gt; <br>the offer</blockquote>",
    "a division without a quote": '<div>Agreed.</div><div class="gmail_quote"><div>On 5 March '
    "2024 at 10:00, Bo &lt;bo@example.org&gt; wrote:<div>the offer</div></div></div>",
    "a signature that holds the quote": '<div>Agreed.</div><div id="Signature">'
    f'<div id="divRplyFwdMsg">{HEADER}</div></div><div>the offer</div>',
}


@pytest.mark.parametrize("html", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_the_quoted_mail_of_each_program_is_marked(html):
    """Its lines, and those that introduce it in whatever language, are no words of the sender's
    (edge case 132; mail 04, mail 13).
    """
    text = html_to_text(html)
    assert read_reply(text).text == "Agreed."
    assert re.search(r"^> (the )?offer$", text, re.MULTILINE)
    assert text.startswith("Agreed.")


# In these programs' markup the quote ends, and the sender may go on.
ENDING = [name for name in PROGRAMS if name not in {
    "outlook web", "a signature that holds the quote",
}]  # fmt: skip


@pytest.mark.parametrize("name", ENDING)
def test_words_below_a_quote_are_the_senders(name):
    """What stands below the quote, outside its markup, stays (edge case 133)."""
    text = html_to_text(f"{PROGRAMS[name]}<div>One more thing.</div>")
    assert read_reply(text).text == "Agreed.\n\nOne more thing."


QUOTE = '<blockquote class="gmail_quote">one</blockquote>'
CITE = '<blockquote type="cite">one</blockquote>'

TYPED_INSIDE = {
    f'<div class="gmail_quote">{ATTRIBUTION}{QUOTE}<div>first, about this:</div>{QUOTE}'
    "<div>second</div></div>": "first, about this:\n\nsecond",
    f'<div class="gmail_quote"><div>Typed above.</div>{ATTRIBUTION}{QUOTE}</div>': "Typed above.",
    f'<div class="gmail_quote">Typed above.<br>{INTRODUCTION}<br>{QUOTE}</div>': "Typed above.",
    '<div class="gmail_quote"><div>All of it.</div>Really: all.</div>': "All of it.\nReally: all.",
    f'<div class="gmail_quote">{ATTRIBUTION}{QUOTE}<p>---- My plan ----</p><p>a: b</p></div>': (
        "---- My plan ----\n\na: b"
    ),
    '<div class="gmail_quote"><p>First</p><p>---- My plan ----</p><p>then</p></div>': (
        "First\n\n---- My plan ----\n\nthen"
    ),
    f'<div id="divRplyFwdMsg">{HEADER}</div>{CITE}<p>Typed below.</p>': "Typed below.",
    '<div id="divRplyFwdMsg">All of it.</div><p>More</p>': "All of it.\n\nMore",
    '<div class="moz-cite-prefix">Typed there.<br></div><div class="moz-cite-prefix">'
    f"{INTRODUCTION}<br></div>{CITE}": "Typed there.",
    f'<div class="moz-cite-prefix">Typed there.<br>{INTRODUCTION}<br></div>{CITE}': "Typed there.",
    '<div class="gmail_quote">See this.<div class="gmail_attr">---------- Дамжуулсан захидал '
    "---------<br>Хэнээс: Bo &lt;bo@example.org&gt;</div>one<div>two</div></div>": "See this.",
    '<div class="moz-forward-container">See this.<br>-------- Дамжуулсан захидал --------'
    "<table><tr><td>Сэдэв:</td><td>x</td></tr></table>one</div>"
    '<pre class="moz-signature">Ann</pre>': "See this.",
}


@pytest.mark.parametrize(("html", "own"), TYPED_INSIDE.items())
def test_words_inside_the_markup_of_a_quote_are_the_senders(html, own):
    """People type between quotes, above an introduction and above a forwarded mail, inside the
    element that holds them (edge case 133).
    """
    assert read_reply(html_to_text(html)).text == own


@pytest.mark.parametrize(
    "html",
    [
        '<p>As the poet wrote in 1800:</p><blockquote class="gmail_quote">rest</blockquote>',
        "<p>As the poet wrote in 1800:</p><blockquote>rest</blockquote>",
        "<p>Write to ann@example.com by 5 March 2024:</p><blockquote>rest</blockquote>",
        '<p>Ann, 5 March 2024, 10:00:</p><blockquote style="margin:0 0 0 40px">rest</blockquote>',
        '<p>Hello</p><div id="yiv7"><p>rest</p></div><p>yahoo</p>',
        '<p>Hello</p><a name="quote">rest</a>',
    ],
)
def test_a_quotation_of_the_senders_own_stays(html):
    """An indented paragraph, and what Gmail's button makes of one, is no quoted mail without an
    introduction of a mail above it (edge case 134).
    """
    assert "rest" in read_reply(html_to_text(html)).text
    assert ">" not in html_to_text(html)


def test_an_introduction_that_stands_in_a_quote_alone_cuts_what_is_below():
    """Nothing marks where the mail below it ends (edge case 134)."""
    introduction = "On 5 March 2024 at 10:00, Bo &lt;bo@example.org&gt; wrote:"
    html = f"<p>Agreed.</p><blockquote>{introduction}</blockquote><p>the offer</p>"
    assert read_reply(html_to_text(html)).text == "Agreed."


def test_outlooks_quote_has_no_end_below_words_of_the_senders_own():
    """There, a quote inside it is one that its writer answered (edge case 132)."""
    html = f'<p>Agreed.</p><div id="divRplyFwdMsg">{HEADER}</div>{CITE}<p>the offer</p>'
    assert read_reply(html_to_text(html)).text == "Agreed."


PIECES = [
    "own", "<br>", "</div>", "</blockquote>", "<blockquote>", '<blockquote type="cite">',
    '<blockquote class="gmail_quote">', '<div class="gmail_quote">', '<div class="gmail_attr">',
    '<div class="gmail_signature">', '<div id="Signature">', '<div id="divRplyFwdMsg">',
    '<div id="AppleMailSignature">', '<div class="moz-cite-prefix">', INTRODUCTION, "-- ", "--",
    "<ul><li>", "<table><tr><td>", "<pre>", "---- Forwarded message ----", "<p>", "a: b",
    "\ufdd0", "\ufdd3",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)))
def test_no_word_of_html_is_lost_by_marking(pieces):
    """Whatever the markup, each word that a reader sees is in the text, as often as there."""
    html = "".join(pieces)
    bare = re.sub(r'(class|id|type)="\w+"', "", html).replace("blockquote", "section")
    words = sorted(re.findall(r"\w+", html_to_text(html)))
    assert words == sorted(re.findall(r"\w+", html_to_text(bare)))
