"""Mail that the product read wrongly, each with what a careful person would say of it."""

import pytest

from gmail_ingest.core.mail.reply.reply_text import Reply, read_reply

THANKS = "Thanks, that works for us."
QUOTE = "> Dear John,\n>\n> please find our offer below.\n"
OFFER = "Dear John,\n\nplease find our offer below.\n"


def test_introduction_folded_in_brackets_is_dropped():
    """Mail 01, edge case 120: an introduction that Gmail folds within the address."""
    introduction = (
        "Am Di., 5. M\u00e4rz 2024 um 10:00 Uhr schrieb Max Mustermann <\n"
        "max.mustermann@example.org>:"
    )
    assert read_reply(f"{THANKS}\n\n{introduction}\n\n{QUOTE}") == Reply(THANKS, "")


def test_introduction_that_ends_on_a_quote_mark_is_dropped():
    """Mail 02, edge case 120: its last line is ">:", which quotes nothing."""
    introduction = "tir. 5. mars 2024 kl. 10:00 skrev Kari Nordmann <kari.nordmann@example.org\n>:"
    assert read_reply(f"{THANKS}\n\n{introduction}\n\n{QUOTE}") == Reply(THANKS, "")


def test_introduction_in_a_language_without_a_word_list_is_dropped():
    """Mail 04, edge case 120: a date and an address above a quote, whatever the verb is."""
    introduction = (
        "\u0432\u0442, 5 \u0431\u0435\u0440. 2024 \u0440. \u043e 10:00 \u0406\u0432\u0430\u043d "
        "<ivan@example.org> \u043f\u0438\u0448\u0435:"
    )
    unknown = introduction.replace("\u043f\u0438\u0448\u0435", "\u0430\u0431\u0432\u0433")
    assert read_reply(f"{THANKS}\n\n{introduction}\n\n{QUOTE}") == Reply(THANKS, "")
    assert read_reply(f"{THANKS}\n\n{unknown}\n\n{QUOTE}") == Reply(THANKS, "")


def test_introduction_of_vietnamese_gmail_is_dropped():
    """Case 08 e, edge case 120: the verb stands alone in the second line."""
    text = (
        "\u0110\u1ed3ng \u00fd.\n\nV\u00e0o Th 2, 2 thg 11, 2026 v\u00e0o l\u00fac 16:00 Owner "
        "<owner@crm.example>\n\u0111\u00e3 vi\u1ebft:\n\n> The offer text."
    )
    assert read_reply(text) == Reply("\u0110\u1ed3ng \u00fd.", "")


def test_introduction_between_dashes_is_dropped():
    """Mail 05, edge case 121: Zoho draws dashes, and marks nothing below."""
    introduction = "---- On Tue, 05 Mar 2024 10:00:00 +0530 John Doe <john@example.org> wrote ----"
    folded = introduction.replace(" <john", "\n<john")
    assert read_reply(f"{THANKS}\n\n{introduction}\n\n{OFFER}") == Reply(THANKS, "")
    assert read_reply(f"{THANKS}\n\n{folded}\n\n{OFFER}") == Reply(THANKS, "")


def test_mobile_signature_is_a_part_of_its_own():
    """Mail 07, edge case 126: the program's line is no text, and is not thrown away."""
    text = (
        f"{THANKS}\n\nSent from my iPhone\n\n"
        f"> On Mar 5, 2024, at 10:00, John Doe <john@example.org> wrote:\n>\n{QUOTE}"
    )
    assert read_reply(text) == Reply(THANKS, "Sent from my iPhone")


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", " ", ""])
def test_header_block_with_a_blank_before_the_colon_is_dropped(blank):
    """Mail 08, edge case 122: French programs put a blank of any kind there."""
    block = (
        f"De{blank}: John Doe <john@example.org>\nEnvoy\u00e9{blank}: mardi 5 mars 2024 10:00\n"
        f"\u00c0{blank}: Jane Roe <jane.roe@example.com>\nObjet{blank}: Re: Offer"
    )
    assert read_reply(f"{THANKS}\n\n{block}\n\n{OFFER}") == Reply(THANKS, "")


def test_header_block_of_unknown_words_is_dropped():
    """Mail 09, edge case 122: names that no list has, known by addresses and a date."""
    turkish = (
        "Kimden: John Doe <john@example.org>\nG\u00f6nderildi: 5 Mart 2024 Sal\u0131 10:00\n"
        "Kime: Jane Roe <jane.roe@example.com>\nKonu: Re: Offer"
    )
    nowhere = (
        "Xyzo: John Doe <john@example.org>\nQwert: 5 Foo 2024 Bar 10:00\n"
        "Zuio: Jane Roe <jane.roe@example.com>\nAsdf: Re: Offer"
    )
    assert read_reply(f"{THANKS}\n\n{turkish}\n\n{OFFER}") == Reply(THANKS, "")
    assert read_reply(f"{THANKS}\n\n{nowhere}\n\n{OFFER}") == Reply(THANKS, "")


def test_header_block_may_begin_with_any_field():
    """Mail 10 and case 08 c, edge case 122: Hotmail begins with Date, or with Subject."""
    date_first = (
        "Date: Tue, 5 Mar 2013 10:00:00 +0100\nSubject: Re: Offer\n"
        "From: john@example.org\nTo: jane.roe@example.com"
    )
    subject_first = (
        "________________________________\nSubject: offer\nFrom: owner@crm.example\n"
        "To: ann@customer.example\nDate: Mon, 2 Nov 2026 09:00:00 +0000"
    )
    assert read_reply(f"{THANKS}\n\n{date_first}\n\n{OFFER}") == Reply(THANKS, "")
    assert read_reply(f"{THANKS}\n\n{subject_first}\n\n{OFFER}") == Reply(THANKS, "")


def test_forward_of_outlook_without_comment_is_empty():
    """Mail 12, edge case 124: a header block at the top, and nothing of the sender's own."""
    block = (
        "From: John Doe <john@example.org>\nSent: Tuesday, March 5, 2024 10:00 AM\n"
        "To: Jane Roe <jane.roe@example.com>\nSubject: Offer"
    )
    assert read_reply(f"\n{block}\n\n{OFFER}") == Reply("", "")
    assert read_reply(f"-- \nJane\n\n{block}\n\n{OFFER}") == Reply("", "Jane")


def test_introduction_of_yahoo_without_marks_below_is_dropped():
    """Mail 13, edge case 121: a German introduction that stands alone, and no marks below."""
    introduction = (
        "    Am Dienstag, 5. M\u00e4rz 2024 um 10:00:00 MEZ hat John Doe <john@example.org> "
        "Folgendes geschrieben:  "
    )
    assert read_reply(f"{THANKS}\n\n{introduction}\n \n {OFFER}") == Reply(THANKS, "")


@pytest.mark.parametrize(
    "text",
    [
        (
            "Hello,\n\nplease book this trip for Mr Example:\n\nFrom: Berlin\nTo: Munich\n"
            "Date: 3 December 2026\nClass: 2nd\n\nHe needs a window seat.\n\nThanks, Ann"
        ),
        (
            "Hello,\n\nplease book this trip for us:\nFrom: Berlin\nTo: Paris\n"
            "Date: 5 March 2024\n\n"
            "We also need a hotel near the station.\n\nJane"
        ),
    ],
)
def test_fields_of_a_trip_stay(text):
    """Case 08 a and mail 15, edge case 123: a form has no address and no time."""
    assert read_reply(text) == Reply(text, "")
