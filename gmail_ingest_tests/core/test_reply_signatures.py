import pytest

from gmail_ingest.core.mail.reply.reply_text import Reply, read_reply

YES = "Yes, please."
BELOW = [
    "",
    "\n\nOn Mon, Jan 1, 2024 at 10:00 AM Bob <bob@x.example> wrote:\n\n> old",
    "\n\n> old",
    "\n\nFrom: Bob <bob@x.example>\nSent: Monday, 1 January 2024 10:00\nTo: A\nSubject: B\n\nold",
    "\n\n-----Original Message-----\nold",
]
PROGRAMS = [
    "Sent from my iPhone",
    "(sent from a phone)",
    "*Sent from my mobile*",
    "Sent from my Verizon Wireless BlackBerry",
    "Sent from my iPhone, please excuse typos.",
    "Sent from Mail<https://x.example/?LinkId=550986> for Windows 10",
    "Sent from Yahoo Mail on Android",
    "Sent with [Proton Mail](https://x.example/) secure email.",
    "Get Outlook for iOS",
    "Get Outlook for Android<https://aka.ms/ghei36>",
    "Outlook voor iOS downloaden",
    "Pobierz aplikacj\u0119 Outlook dla systemu iOS",
    "Get BlueMail for Android",
    "Von meinem iPhone gesendet",
    "Diese Nachricht wurde von meinem Android-Mobiltelefon mit GMX Mail gesendet.",
    "Envoy\u00e9 de mon iPhone",
    "Envoy\u00e9 depuis l'application Mail Orange",
    "Enviado desde mi iPhone",
    "Enviado do meu telem\u00f3vel",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPad",
    "Skickat fr\u00e5n min iPhone",
    "Sendt fra min iPhone",
    "L\u00e4hetetty iPhonesta",
    "Wys\u0142ane z iPhone'a",
    "Odesl\u00e1no z iPhonu",
    "K\u00fcldve iPhone-r\u00f3l",
    "Trimis de pe iPhone-ul meu",
    "iPhone'umdan g\u00f6nderildi",
    "\u041e\u0442\u043f\u0440\u0430\u0432\u043b\u0435\u043d\u043e \u0441 iPhone",
    "\u03a3\u03c4\u03ac\u03bb\u03b8\u03b7\u03ba\u03b5 \u03b1\u03c0\u03cc \u03c4\u03bf iPhone",
    "\u05e0\u05e9\u05dc\u05d7 \u05de\u05d4-iPhone \u05e9\u05dc\u05d9",
    "iPhone\u304b\u3089\u9001\u4fe1",
    "\u53d1\u81ea\u6211\u7684 iPhone",
    "\ub098\uc758 iPhone\uc5d0\uc11c \ubcf4\ub0c4",
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("below", BELOW)
def test_signature_of_a_program_is_a_part_of_its_own(program, below):
    """It is no text, above a quote as at the end, and is not thrown away (edge case 126)."""
    assert read_reply(f"{YES}\n\n{program}{below}") == Reply(YES, program)


@pytest.mark.parametrize(
    ("block", "signature"),
    [
        ("-- \nAnn Lee\nSales", "Ann Lee\nSales"),
        (
            "-- \nTo be, or not to be: that is the question.",
            "To be, or not to be: that is the question.",
        ),
        ("--\nAnn Lee\nSales", "Ann Lee\nSales"),
        ("--\nBest regards,\nAnn", "Best regards,\nAnn"),
        ("--\nrick", "rick"),
        ("---\nAnn Lee\nSales\nann@x.example", "Ann Lee\nSales\nann@x.example"),
        ("\u2014\nAnn Lee\nSales", "Ann Lee\nSales"),
        ("__\nAnn Lee\n+1 555 010 0100", "Ann Lee\n+1 555 010 0100"),
        ("-Ann Lee", "-Ann Lee"),
        ("--\nSent from my iPhone", "Sent from my iPhone"),
        ("--", ""),
    ],
)
@pytest.mark.parametrize("below", BELOW)
def test_signature_below_a_delimiter_is_a_part_of_its_own(block, signature, below):
    """Up to the quoted mail below it, without the delimiter (edge case 126)."""
    assert read_reply(f"{YES}\n\n{block}{below}") == Reply(YES, signature)


def test_signature_above_the_footer_of_a_list_is_kept():
    """What the list adds is neither text nor signature (edge case 126)."""
    text = f"{YES}\n\n-- \nAnn\n__________\nUsers mailing list\nusers@x.example"
    assert read_reply(text) == Reply(YES, "Ann")


def test_two_delimiters_are_one():
    """Some type two hyphens where their program puts them (edge case 126)."""
    assert read_reply(f"{YES}\n\n-- \n--\nAnn Lee\nExample Ltd") == Reply(
        YES, "Ann Lee\nExample Ltd"
    )
    assert read_reply(f"{YES}\n\n-- \nAnn Lee\n--\nExample Ltd").signature == (
        "Ann Lee\n--\nExample Ltd"
    )


def test_answer_below_a_signature_and_its_quote_stays():
    """A program puts its signature above the quote, and people answer below it (edge case 125)."""
    text = "-- \nAnn\n\nOn 1 Jan 2024, Bob wrote:\n> old\n\nmy answer\n\nSent from my iPhone"
    assert read_reply(text) == Reply("my answer", "Ann\n\nSent from my iPhone")


def test_postscript_below_a_signature_is_text():
    """What the sender added below the signature is the sender's own (edge case 127)."""
    text = f"{YES}\n\n-- \nAnn Lee\n\nP.S. Bring the keys!"
    assert read_reply(text) == Reply(f"{YES}\n\nP.S. Bring the keys!", "Ann Lee")


@pytest.mark.parametrize(
    "text",
    [
        "Name\n-----\nAnn Lee\nBob Ray",
        "Guests:\n\n---\nAnn Lee\nBob Ray",
        "Please sign:\n_______________\nAnn Lee\nCEO",
        "Text\n\n=====\nTotal EUR\nTax EUR\n=====\n\nbye",
        "Invoice\n\n-----\nTotal: 119.00\n\nPay within 14 days. Ask ann@x.example",
        "one\n--\nA second topic, which needs your attention.\n--\nthird one",
        "Options\n--\nA: foo\nB: bar\nC: baz",
        "--\nHello, this is my text.",
        "one\n\n-- Ann said so.\n\ntwo",
        "The footer says:\n\nSent from my iPhone",
        "The footer says:\n\nSent from my iPhone\n\nHow do I change it?",
        "Fine.\n\nSent from my desk, is much easier than my mobile phone.",
        "Hallo,\n\nich habe dir die Fotos vom iPhone gesendet.",
        "Hi,\n\nthe parcel is on its way.\n\nSent via DHL Express.",
        "Hi,\n\nthe contract is signed.\n\nSent by e-mail last Tuesday.",
        "Hi,\n\nI use Outlook for iOS",
        "Best regards,\nAnn Lee\nSales\nann@x.example",
        "Shopping\n\n-milk\n-bread",
    ],
)
def test_own_text_that_looks_like_a_signature_stays(text):
    """Underlined headings, parts between rules, sentences; and without a mark (edge case 127)."""
    assert read_reply(text) == Reply(text, "")
