import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.reply_text import MAX_REPLY_CHARS, read_reply

INTRODUCTIONS = [
    "On Mon, Jan 1, 2024 at 10:00 AM Bob B <bob@x.example> wrote:",
    "On Mon, Jan 1, 2024 at 10:00 AM Bob B <\nbob@x.example> wrote:",
    "On Mon, Jan 1, 2024 at 10:00 AM Bob with a long name\nand more of it <bob@x.example>\nwrote:",
    "Am Mo., 1. Jan. 2024 um 10:00 Uhr schrieb Bob <bob@x.example>:",
    "Le lun. 1 janv. 2024 \u00e0 10:00, Bob <bob@x.example> a \u00e9crit :",
    "El lun, 1 ene 2024 a las 10:00, Bob (<bob@x.example>) escribi\u00f3:",
    "Il giorno lun 1 gen 2024 alle ore 10:00 Bob <bob@x.example> ha scritto:",
    "Em seg., 1 de jan. de 2024 \u00e0s 10:00, Bob <bob@x.example> escreveu:",
    "Op ma 1 jan 2024 om 10:00 schreef Bob <bob@x.example>:",
    "Den m\u00e5n 1 jan. 2024 kl 10:00 skrev Bob <bob@x.example>:",
    "pon., 1 sty 2024 o 10:00 Bob <bob@x.example> napisa\u0142(a):",
    "po 1. 1. 2024 v 10:00 odes\u00edlatel Bob <bob@x.example> napsal:",
    "\u043f\u043d, 1 \u044f\u043d\u0432. 2024 \u0433. \u0432 10:00, Bob <bob@x.example>:",
    "2024\u5e741\u67081\u65e5(\u6708) 10:00 Bob <bob@x.example>:",
    "Bob <bob@x.example> \u4e8e2024\u5e741\u67081\u65e5\u5468\u4e00 10:00\u5199\u9053\uff1a",
]
OUTLOOK = "From: Bob <bob@x.example>\nSent: Monday, 1 January 2024 10:00\nTo: Ann\nSubject: Offer"


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_introduced_quote_is_dropped(introduction, mark):
    """The introductions of Gmail and Apple Mail are known, marked or unmarked the quote below."""
    assert read_reply(f"Yes, please.\n\n{introduction}\n\n{mark}old text").text == "Yes, please."


@pytest.mark.parametrize(
    "quoted",
    [
        "-----Original Message-----\nFrom: Bob\nold text",
        "---------- Forwarded message ---------\nFrom: Bob\nold text",
        "-----Urspr\u00fcngliche Nachricht-----\nVon: Bob\nold text",
        "________________________________\n" + OUTLOOK + "\n\nold text",
        OUTLOOK + "\n\nold text",
        "*Von:* Bob\n\n*Gesendet:* Montag\n\n*An:* Ann\n\n*Betreff:* Angebot\n\nold text",
        "Begin forwarded message:\n\nFrom: Bob\nold text",
        "-- \nAnn Lee\nSales",
        "--\nAnn Lee\nSales",
        "_______________________________________________\nUsers mailing list\nUsers@x.example",
        "> old text\n> more",
        "Bob wrote:\n> old text",
    ],
)
def test_quoted_mail_and_signature_are_dropped(quoted):
    """Banners, header blocks, forwards, delimiters and footers end the sender's own text."""
    assert read_reply(f"Yes, please.\n\n{quoted}\n").text == "Yes, please."


def test_answers_between_quotes_stay():
    """Each answer below a quoted line remains, in order, with its indentation."""
    text = "Hi,\n\nBob wrote:\n> one?\n\nFirst:\n  indented\n\n> two?\n> three?\nSecond."
    assert read_reply(text).text == "Hi,\n\nFirst:\n  indented\n\nSecond."


def test_answer_below_an_outlook_banner_stays():
    """Where quoted lines are marked, the banner above them does not swallow the answer."""
    text = f"-----Original Message-----\n{OUTLOOK}\n\n> old text\n\nYes, please."
    assert read_reply(text).text == "Yes, please."


@pytest.mark.parametrize(
    "text",
    [
        "Agenda for 2024:\n\n- one\n- two",
        "Call at 10:30 with bob@x.example:\nhe knows more",
        "The report said:\n\nall is well",
        "From: the bottom of my heart\nthanks",
        "Name: Bob\nFrom: Rome\nTo: Paris",
        "---\nA rule above and below\n---",
        "On 1 Jan 2024 Bob <bob@x.example> wrote:\n\nan old text\n\nand an unmarked answer",
        "a\n\n\tb",
    ],
)
def test_own_text_that_looks_like_a_quote_stays(text):
    """A colon, a date or a rule alone are no quote."""
    assert read_reply(text).text == text


def test_forward_without_own_words_is_empty():
    """A mail that is only forwarded says nothing of its sender's own."""
    assert read_reply("---------- Forwarded message ---------\nFrom: Bob\n\nold").text == ""


@pytest.mark.parametrize(
    "piece",
    ["On ", "> ", ">\n", "wrote:\n", "On a@b 10:00 wrote:\n", "_", "-----\n", " ", "\n", ":"],
)
def test_read_reply_takes_linear_time(piece):
    """Half a megabyte of the worst text costs less than a second and a half."""
    started = time.process_time()
    read_reply(piece * (MAX_REPLY_CHARS // len(piece)))
    assert time.process_time() - started < 1.5


@given(st.lists(st.sampled_from([*INTRODUCTIONS, OUTLOOK, "> q", "", "own", "-- ", "On", "a:"])))
def test_read_reply_invents_nothing(pieces):
    """Each line of the result is a line of the text, in the same order, and none is quoted."""
    lines = iter("\n".join(pieces).split("\n"))
    for line in read_reply("\n".join(pieces)).text.split("\n"):
        assert not line.startswith(">")
        assert line == "" or any(line == other.rstrip() for other in lines)
