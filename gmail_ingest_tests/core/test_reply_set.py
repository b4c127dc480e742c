import re
from collections import Counter
from email.message import EmailMessage

import pytest

from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest.core.mail.text.html_text import html_to_text
from gmail_ingest_tests.core.reply_set.build import KINDS, items
from gmail_ingest_tests.core.reply_set.compare import read
from gmail_ingest_tests.core.reply_set.judge import as_expected, lost
from gmail_ingest_tests.core.reply_set.languages import languages
from gmail_ingest_tests.core.served_mail import serve
from gmail_sandbox.mail.mbox import MboxMessage

#: Bodies that do not give what is expected, each with the reason. Never one that loses own words.
NOT_YET = {
    "text/groupwise/reply": "'>>> Name <address> date >>>' looks like a quote of a quote",
    "text/groupwise/quoted-name": "as text/groupwise/reply",
    "text/lotus-notes/older-sender-first": "a name, a date and fields without From, all apart",
    "text/ticket/em-dashes": "'reply above this line' without dashes of its own may be a sentence",
    "html/notes/old-reply-table": "fields in a table of tables have lost their colons",
}

#: Beside quoted lines, lines that begin with their mark are quoted, whatever they mean.
MARKED = {"keep-text/brackets/prompt"}

ONE_IN_SO_MANY_IS_SENT = 60

INTRODUCED = "On Tue, 5 Mar 2024 at 10:00, Bob <bob@example.org> wrote:\n\n> Alien.\n> Bob\n"
FIELDS = {
    "From:": "Bob <bob@example.org>",
    "Sent:": "Tuesday, March 5, 2024 10:00 AM",
    "To:": "Ann <ann@example.com>",
    "Subject:": "Plan",
}
HEADED = "\n".join(f"{name} {value}" for name, value in FIELDS.items()) + "\n\nAlien.\n"

HTML_FIELDS = "<br>".join(
    f"<b>{name}</b> {value.replace('<', '&lt;')}" for name, value in FIELDS.items()
)
WORD = (
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    f'<p class="MsoNormal">{HTML_FIELDS}</p></div><p class="MsoNormal">Alien.</p>'
)
OUTLOOK_WEB = (
    '<div id="appendonsend"></div><hr tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">'
    f"<font>{HTML_FIELDS}</font><div>&nbsp;</div></div><div>Alien.</div>"
)
GMAIL = (
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, 5 Mar 2024 at 10:00, Bob '
    '&lt;<a href="mailto:bob@example.org">bob@example.org</a>&gt; wrote:<br></div>'
    '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">Alien.</blockquote></div>'
)
GMAIL_SIGNATURE = '<div class="gmail_signature" data-smartmail="gmail_signature">Alien</div>'
THUNDERBIRD = (
    '<div class="moz-cite-prefix">On 05/03/2024 10:00, Bob wrote:<br></div>'
    '<blockquote type="cite" cite="mid:1@example.org"><p>Alien.</p></blockquote>'
)


def test_the_set_is_what_it_says():
    """2,300 bodies in 67 languages, 1,100 of them not to be cut, each named once and filled."""
    kinds = Counter(item.kind for item in items())
    assert kinds.keys() == set(KINDS)
    assert kinds.total() >= 2_300
    assert kinds["keep-text"] + kinds["keep-html"] >= 1_100
    assert len(languages()) == 67
    assert len({item.name for item in items()}) == kinds.total()
    unfilled = re.compile(r"\{(own|more|who|mail|when|from|sent|to|subject|delimiter)\}")
    assert not [item.name for item in items() if unfilled.search(item.body + item.reply)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_body_gives_what_its_sender_wrote(kind):
    """The reply and the signature of each are what a careful person would say (edge case 130)."""
    wrong = {
        item.name
        for item in items()
        if item.kind == kind and not as_expected(item, (found := read(item)).text, found.signature)
    }
    assert wrong == {name for name in NOT_YET if name.startswith(f"{kind}/")}


def test_no_own_word_is_lost():
    """Every word that the sender wrote is in the reply text, of each body (edge case 131)."""
    assert {item.name: words for item in items() if (words := lost(item, read(item).text))} == {}


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("Hello Bob,\n\nthank you for your call.\n\n", ""),
        ("", f"\n\n{INTRODUCED}"),
        (f"{INTRODUCED}\n", ""),
        ("", f"\n\n{HEADED}"),
        ("", "\n\n-- \nAlien"),
        ("", "\n\nSent from my iPhone\n"),
    ],
    ids=["greeting", "above-quote", "below-quote", "above-header", "above-signature", "mobile"],
)
def test_no_own_word_is_lost_beside_other_text(above, below):
    """What must not be cut stays in a longer mail, whose quotes still go (edge case 131)."""
    wrong = {}
    for item in items():
        if item.kind == "keep-text" and item.reply.strip() and item.name not in MARKED:
            reply = read_reply(f"{above}{item.reply}{below}").text
            if lost(item, reply) or "Alien" in reply:
                wrong[item.name] = reply
    assert wrong == {}


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("", WORD),
        ("", OUTLOOK_WEB),
        ("", GMAIL_SIGNATURE + GMAIL),
        (THUNDERBIRD, ""),
    ],
    ids=["above-word", "above-outlook-web", "above-gmail", "below-thunderbird"],
)
def test_no_own_word_is_lost_beside_other_html(above, below):
    """HTML that must not be cut stays in a longer mail, whose quotes still go (edge case 131)."""
    wrong = {}
    for item in items():
        if item.kind == "keep-html" and not item.signature:
            reply = read_reply(html_to_text(f"{above}<div>{item.body}</div>{below}")).text
            if lost(item, reply) or "Alien" in reply:
                wrong[item.name] = reply
    assert wrong == {}


def test_a_mail_of_each_shape_gives_the_same_as_its_body():
    """A plain text or HTML text alone, or the plain one beside another, is read as the body is."""
    sample = items()[::ONE_IN_SO_MANY_IS_SENT]
    assert len(sample) >= 30
    mail = [(item, both) for item in sample for both in (False, True)]
    served = serve([MboxMessage(_mail(item, both=both)) for item, both in mail])
    for (item, both), served_mail in zip(mail, served, strict=True):
        parsed, found = served_mail.parsed(), read(item)
        assert (parsed.reply_text, parsed.signature) == (found.text, found.signature), item.name
        assert bool(parsed.html) == (both or item.kind.endswith("html"))


def _mail(item, *, both):
    message = EmailMessage()
    message["From"] = "Ann Example <ann@example.com>"
    message["To"] = "owner@crm.example"
    message["Subject"] = "Re: 4711"
    message["Message-ID"] = "<4711@example.com>"
    if item.kind.endswith("html"):
        message.set_content(item.body, subtype="html", cte="base64")
    else:
        message.set_content(item.body, cte="quoted-printable")
        if both:
            message.add_alternative("<p>The HTML beside it.</p>", subtype="html")
    return message.as_bytes()
