import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_ingest.core.mail.reply.reply_text import MAX_REPLY_CHARS, Reply, read_reply

YES = "Yes, please."
INTRODUCTIONS = [
    "On Mon, Jan 1, 2024 at 10:00 AM Bob B <bob@x.example> wrote:",
    "On Mon, Jan 1, 2024 at 10:00 AM Bob B <\nbob@x.example> wrote:",
    "On Mon, Jan 1, 2024 at 10:00 AM Bob with a long name\nand more of it <bob@x.example>\nwrote:",
    "Am Mo., 1. Jan. 2024 um 10:00 Uhr schrieb Bob <bob@x.example>:",
    "Le lun. 1 janv. 2024 \u00e0 10:00, Bob <bob@x.example> a \u00e9crit\u00a0:",
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
    "On 1/1/24, 10:00, Bob wrote:",
    "Bob hat am 01.01.2024 um 10:00 geschrieben:",
    "1 Jan 2024, 10:00 by bob@x.example:",
    "On Mon, 1 Jan 2024 10:00:00 +0100\nBob B <bob@x.example> wrote:",
    (
        "Bob <bob.of.a.very.long.name@a.long.domain.example> \u4e8e2024\u5e741\u67081\u65e5\n10:00"
        "\u5199\u9053\uff1a"
    ),
    (
        "\u202b\u05d1\u05ea\u05d0\u05e8\u05d9\u05da 1 \u05d1\u05d9\u05e0\u05d5\u05d0\u05e8 2024 "
        "\u05d1-10:00 \u05de\u05d0\u05ea \u202aBob\u202c\u200f "
        "<\u202abob@x.example\u202c\u200f>:\u202c"
    ),
]
# Known only above lines that are marked as quoted.
MARKED_ONLY = [
    "2024/1/1 Bob B <bob@x.example>",
    "Bob B <bob@x.example> writes:",
    "Bob wrote:",
    "bob brown wrote:",
    "you wrote:",
    "* Bob B <bob@x.example> [2024-01-01 10:00]:",
    "Quoting Bob B <bob@x.example>:",
    "In article <1@x.example>,\n Bob B <bob@x.example> wrote:",
    '"Bob" <bob@x.example> wrote in message\nnews:1@x.example...',
    "Am 01.01.24 um 10:00 schrieb Bob B",
    "\u00d6\u00f6 5 \u00c4\u00e4 2024, 10:00 Bob abcdef:",
]
OUTLOOK = "From: Bob <bob@x.example>\nSent: Monday, 1 January 2024 10:00\nTo: Ann\nSubject: Offer"


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_introduced_quote_is_dropped(introduction, mark):
    """Introductions are known, marked or unmarked the quote below (edge cases 120 and 121)."""
    assert read_reply(f"{YES}\n\n{introduction}\n\n{mark}old text") == Reply(YES, "")


@pytest.mark.parametrize("introduction", MARKED_ONLY)
def test_introduction_above_a_marked_quote_is_dropped(introduction):
    """Above a marked quote less is needed; without marks the text below stays (edge case 120)."""
    assert read_reply(f"{YES}\n\n{introduction}\n\n> old text") == Reply(YES, "")
    unmarked = f"{YES}\n\n{introduction}\n\nmy own text"
    assert "my own text" in read_reply(unmarked).text


@pytest.mark.parametrize(
    "quoted",
    [
        "-----Original Message-----\nFrom: Bob\nold text",
        "---------- Forwarded message ---------\nFrom: Bob\nold text",
        "-----Urspr\u00fcngliche Nachricht-----\nVon: Bob\nold text",
        "\u2010\u2010\u2010\u2010 Original Message \u2010\u2010\u2010\u2010\nold text",
        "________________________________\n" + OUTLOOK + "\n\nold text",
        OUTLOOK + "\n\nold text",
        "*Von:* Bob\n\n*Gesendet:* Montag\n\n*An:* Ann\n\n*Betreff:* Angebot\n\nold text",
        "*From: *Bob <b@x.example>\n*Date: *1 Jan 2024 10:00\n*Subject: *Hi\n\nold",
        "Begin forwarded message:\n\nFrom: Bob\nold text",
        "Pocz\u0105tek przekazywanej wiadomo\u015bci:\n\n> Od: Bob <b@x.example>\n> old",
        "Message du 01/01/24 10:00\nDe : Bob <b@x.example>\nA : ann@x.example\nObjet : Hi\n\nold",
        (
            "\u53d1\u4ef6\u4eba\uff1a Bob <b@x.example>\n\u53d1\u9001\u65f6\u95f4\uff1a 2024\u5e741"
            "\u67081\u65e5 10:00\n\u6536\u4ef6\u4eba\uff1a Ann\n\u4e3b\u9898\uff1a Hi\n\nold"
        ),
        "From:\tBob/Example\nTo:\tann@x.example\nDate:\t01/01/2024 10:00\nSubject:\tHi\n\nold",
        (
            "From: Bob <b@x.example>\nSent: 1 January 2024 10:00\nTo: A <a@x.example>;\n"
            "B <b2@x.example>; C\n<c@x.example>\nSubject: Hi\n\nold"
        ),
        "Date: Mon, 1 Jan 2024 10:00:00 +0100\nTo: ann@x.example\n\nold",
        "##- Please type your reply above this line -##\n\nold",
        "-----Ann/Example wrote: -----\n\nold",
        "On Mon, Jan 1, 2024 at 10:00, Bob<b@x.example> wrote:   Hello,\n\nold",
        "-------- Original Message --------\nOn 1 Jan 2024, 10:00, B <b@x.example> wrote:\n\n> x",
        "_______________________________________________\nUsers mailing list\nUsers@x.example",
        "-- \nYou received this message because you are subscribed to the group.",
        "> old text\n> more",
        "Bob wrote:\n> old text",
        "Bob wrote:\n| old text\n| more",
        "On 1 Jan 2024 10:00, you wrote:\n\nBB> old text\nBB> more",
    ],
)
def test_quoted_mail_and_footers_are_dropped(quoted):
    """Banners, header blocks, forwards, footers and other marks end the text (edge case 122)."""
    assert read_reply(f"{YES}\n\n{quoted}\n") == Reply(YES, "")


_PARTS = "\n".join(f"{number}. Part {number} of the news is this." for number in range(30))


@pytest.mark.parametrize(
    "below",
    [
        "----------\n1. Clean up the mailing list\n2. Budget\n\nWhat else?",
        "==========\nOur mailing list is new.\n\nPlease tell what you think.\n\nAnn",
        "__________\nTo UNSUBSCRIBE: https://news.example/out\n\n" + _PARTS,
        "+--------+\n| A mailing list for news@x.example\n+--------+\n\n" + _PARTS,
        "---\nMy permanent email address is ann@x.example\n\nhttps://x.example/mailman/listinfo/users",
    ],
)
def test_own_words_below_a_rule_are_no_footer(below):
    """A list's footer names a way out, and little stands below it (edge case 123)."""
    assert read_reply(f"{YES}\n\n{below}\n") == Reply(f"{YES}\n\n{below}", "")


@pytest.mark.parametrize("above", ["-----Original Message-----\n" + OUTLOOK, OUTLOOK])
def test_answers_below_a_banner_stay(above):
    """Where quoted lines are marked, what stands above them ends nothing (edge case 125)."""
    text = f"{YES}\n\n{above}\n\n> old text\n\nand here\n\n> more"
    assert read_reply(text) == Reply(f"{YES}\n\nand here", "")


def test_mail_quoted_within_a_quoted_mail_is_dropped():
    """Outlook marks nothing: marks below its block are of a mail within (edge case 125)."""
    text = f"{YES}\n\n{OUTLOOK}\n\nOn 1 Jan 2024, Ann wrote:\n> older\n\nold text"
    assert read_reply(text) == Reply(YES, "")


def test_answer_below_an_outlook_banner_stays():
    """An answer below it is not swallowed, with nothing above it (edge case 125)."""
    text = f"-----Original Message-----\n{OUTLOOK}\n\n> old text\n\nYes, please."
    assert read_reply(text).text == YES


def test_answers_between_quotes_stay():
    """Each answer below a quoted line remains, in order, with its indentation (edge case 125)."""
    text = "Hi,\n\nBob wrote:\n> one?\n\nFirst:\n  indented\n\n> two?\n> three?\nSecond."
    assert read_reply(text).text == "Hi,\n\nFirst:\n  indented\n\nSecond."
    initials = "Hi,\n\nOn 1 Jan 2024, you wrote:\n\nBB> one?\n\nFirst.\n\nBB> two?\nSecond."
    assert read_reply(initials).text == "Hi,\n\nFirst.\n\nSecond."


def test_mail_of_a_ticket_system_stays():
    """Its own mail begins with the line above which others are to answer (edge case 125)."""
    text = "##- Please type your reply above this line -##\n\nYour request was solved."
    assert read_reply(text).text == "Your request was solved."


@pytest.mark.parametrize(
    "text",
    [
        "Agenda for 2024:\n\n- one\n- two",
        "Agenda for 5 March 2024, 10:00:\n\n- one\n- two",
        "Call at 10:30 with bob@x.example:\nhe knows more",
        "Hi,\n\nMeeting on 5 March 2024 at 10:00 with Bob <bob@x.example>:\n\n- one",
        "Hi,\n\nplease ask Bob <bob@x.example>:\n\n- one",
        "The report said:\n\nall is well",
        "The report said:\n> all is well\nand it is",
        "On 1 Jan 2024 10:00 I wrote\nyes I agree\n> all is well\nand it is",
        "Hi,\n\non 3 May Ann wrote:\n\nwe lost.\n\nWhat now?",
        "Hi,\n\nOn 3 May 2024 at 10:00 Ann wrote:\n\nwe lost.\n\nWhat now?",
        "On 1 Jan 2024 Bob <bob@x.example> wrote:\n\nan old text\n\nand an unmarked answer",
        "From: the bottom of my heart\nthanks",
        "Name: Bob\nFrom: Rome\nTo: Paris",
        "A parcel:\n\nFrom: Warehouse\nTo: Ann\nSent: 3 May 2024 10:00\nParcel: 12\n\nIt is late.",
        "New:\n\nName: Ann\nEmail: Ann <a@x.example>\nDate: 5 March 2024 10:00\nCity: X\n\nBye",
        "Hi\n\nOrganizer: Ann <a@x.example>\nGuests: Bob <b@x.example>\nWhen: 5 March 2024 10:00",
        (
            "The headers:\n\nFrom: a@x.example\nTo: b@x.example\nSubject: z\n"
            "Date: Tue, 5 Mar 2024 10:00:00 +0100\n\nIs it spam?"
        ),
        "Look:\n\n2024-03-05 10:00:01 INFO: from a@x.example\n2024-03-05 10:00:02 INFO: x",
        "---\nA rule above and below\n---",
        "# Part\n\none\n\n---\n\n## Part\n\ntwo\n\n***\n\nthree",
        "Text\n\n---- Results ----\nDate: 5 March 2024 10:00\nPlace: Berlin\n\nGood",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Bob wrote:\n| a | b |\n|---|---|\n",
        "JD> no quote",
        "a\n\n\tb",
    ],
)
def test_own_text_that_looks_like_a_quote_stays(text):
    """A colon, a date, fields of a form, headers or rules alone are no quote (edge case 123)."""
    text = text.rstrip("\n")
    expected = text.replace("> all is well\n", "")
    assert read_reply(text).text.split() == expected.split()


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (">>> import x\n>>> x.y\n3\n\nWhy?", ">>> import x\n>>> x.y\n3\n\nWhy?"),
        ("Visit us:\n>>> >>> www.x.example <<<\nBye", "Visit us:\n>>> >>> www.x.example <<<\nBye"),
        (
            "see <https://x.example/a\n> and tell me",
            "see <https://x.example/a\n> and tell me",
        ),
        (
            "Sales grew a lot in the last quarter, we need\n>10 units a day.",
            "Sales grew a lot in the last quarter, we need\n>10 units a day.",
        ),
        ("First.\n>From here on it goes well.\nLast.", "First.\nFrom here on it goes well.\nLast."),
        ("Hi\n\n> old (https://x.example/a\n_b)\n> old\n\nnew", "Hi\n\nnew"),
        ("Hi\n\nBob wrote:\n>>> old\n>>> older\n\nnew", "Hi\n\nnew"),
    ],
)
def test_mark_that_quotes_nothing_stays(text, own):
    """Prompts, links that broke, amounts and decoration are the sender's own (edge case 128)."""
    assert read_reply(text).text == own


def test_forward_without_own_words_is_empty():
    """A mail that is only forwarded says nothing of its sender's own (edge case 124)."""
    assert read_reply("---------- Forwarded message ---------\nFrom: Bob\n\nold") == Reply("", "")


def test_text_past_the_bound_is_not_looked_at():
    """Nobody types more than half a million characters: what follows costs nothing."""
    assert len(read_reply("a" * (MAX_REPLY_CHARS + 10)).text) == MAX_REPLY_CHARS


PIECES = [
    *INTRODUCTIONS, *MARKED_ONLY, OUTLOOK, "> q", ">>> q", "", "own", "-- ", "--", "---", "Ann Lee",
    "On", "a:", "Sent from my iPhone", "PS: x", "| a", "JD> x", ">From x", "<https://x", ">:",
    "-----Original Message-----", "*From:*", "\u00a0", "\u200f", "P", "- x",
]  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES)) | st.lists(st.text()))
def test_read_reply_invents_nothing(pieces):
    """Each line of text and signature is a line of the mail, and the text keeps their order."""
    text = "\n".join(pieces)
    reply = read_reply(text)
    written = [line.rstrip() for line in text.split("\n")]
    written = [line[1:] if line.startswith(">From ") else line for line in written]
    lines = iter(line for line in text.split("\n"))
    for line in reply.text.split("\n"):
        assert line == "" or any(line in (other.rstrip(), other.rstrip()[1:]) for other in lines)
    assert all(line in ("", *written) for line in reply.signature.split("\n"))
