"""The text of mail that a former release read wrongly, with what a person would say of it."""

from gmail_ingest_tests.core.case_inputs import files_of, read_case, read_served_apart

THANKS = "Thanks, that works for us."


def reply_of(name):
    message = read_case(name)
    return message.reply_text, message.signature


def test_flowed_text_is_unfolded():
    """Case 01 flowed: a paragraph is a line, and prices that begin with > are the sender's."""
    message = read_case("01-flowed")
    assert message.text.startswith("> Where shall we deliver, and when would it suit you?\n\n")
    assert message.reply_text == (
        "Please deliver to the warehouse in Harbour Street, and call the gate keeper before you "
        "arrive, because the second gate is closed on Mondays.\n\nThe prices per piece are:\n"
        "> 100 pieces: 4 euro\n> 500 pieces: 3 euro\nFrom there on we can talk.\n\nBest regards"
    )
    assert message.signature == "Ann"


def test_a_folded_link_and_a_folded_word_are_whole():
    """Case 01 delsp: the blank that the program put at the end of a line is not the sender's."""
    message = read_case("01-delsp")
    assert message.reply_text == (
        "The order is here: https://portal.customer.example/orders/2026/11/"
        "purchase-order-4711-for-the-new-warehouse/confirmed?signature=abcdef0123456789\n\n"
        "\u7d0d\u54c1\u66f8\u306f\u5009\u5eab\u306e\u62c5\u5f53\u8005\u307e\u3067\u9001"
        "\u3063\u3066\u304f\u3060\u3055\u3044\u3002"
    )
    assert "signature=abcdef0123456789" in message.search_text


def test_a_single_html_with_a_name_is_the_text():
    """Case 07 a: what is all of the mail is its text, served inside and apart."""
    for message in (read_case("07-a"), read_served_apart("07-a")):
        assert (message.text, files_of(message)) == ("We confirm order 4711.", [])


def test_a_named_text_beside_a_file_is_the_text():
    """Case 07 c: message.txt is the text, and the PDF beside it the file."""
    for message in (read_case("07-c"), read_served_apart("07-c")):
        assert message.text == "The fax is attached, please call us back."
        assert files_of(message) == [("fax.pdf", "application/pdf", False)]


def test_the_only_text_may_have_a_name():
    """Mail 18: a text with a file name is the text where no other is."""
    assert read_case("mail-18").text == "The words of the mail.\n"
    assert read_served_apart("mail-18").text == "The words of the mail.\n"


def test_bytes_of_windows_1252_are_read():
    """Mail 22: a text by attachment id whose label (ASCII) does not explain its bytes."""
    assert read_served_apart("mail-22").text == (
        "The company\u2019s price is 5 \u20ac \u2013 caf\u00e9\n"
    )


def test_a_trip_stays_in_the_reply():
    """Case 08 a: From, To and Date of a trip are no header block."""
    message = read_case("08-a")
    assert message.reply_text == message.text.rstrip("\n")
    assert message.reply_text.endswith("arrives with a bicycle.\n\nThanks, Ann")


def test_a_header_block_may_begin_with_the_subject():
    """Case 08 c: neither the block nor the line above it stays."""
    assert reply_of("08-c") == ("Yes, we take it.", "")


def test_a_vietnamese_introduction_is_dropped():
    """Case 08 e: it has a date and an address, and stands above a quote."""
    assert reply_of("08-e") == ("\u0110\u1ed3ng \u00fd.", "")


def test_an_introduction_folded_in_brackets_is_dropped():
    """Mail 01: the address stands in the second line."""
    assert reply_of("mail-01") == (THANKS, "")


def test_an_introduction_that_ends_on_a_quote_mark_is_dropped():
    """Mail 02: its last line is ">:"."""
    assert reply_of("mail-02") == (THANKS, "")


def test_an_ukrainian_introduction_is_dropped():
    """Mail 04: its verb is in no list."""
    assert reply_of("mail-04") == (THANKS, "")


def test_an_introduction_of_zoho_is_dropped():
    """Mail 05: it stands between dashes, and the mail below it has no marks."""
    assert reply_of("mail-05") == (THANKS, "")


def test_the_signature_of_a_mobile_program_is_a_part_of_its_own():
    """Mail 07: "Sent from my iPhone" is no text of the sender's."""
    assert reply_of("mail-07") == (THANKS, "Sent from my iPhone")


def test_a_header_block_in_french_is_dropped():
    """Mail 08: no-break spaces stand before its colons."""
    assert reply_of("mail-08") == (THANKS, "")


def test_a_header_block_in_turkish_is_dropped():
    """Mail 09: the names of its fields are in no list."""
    assert reply_of("mail-09") == (THANKS, "")


def test_a_header_block_may_begin_with_the_date():
    """Mail 10: From stands in its third line."""
    assert reply_of("mail-10") == (THANKS, "")


def test_a_forward_without_a_comment_has_no_reply():
    """Mail 12: a header block at the top, and nothing above it."""
    assert reply_of("mail-12") == ("", "")


def test_an_introduction_of_yahoo_is_dropped():
    """Mail 13: in German, and the mail below it has no marks."""
    assert reply_of("mail-13") == (THANKS, "")


def test_fields_of_a_form_stay():
    """Mail 15: the sender's words below the fields are not lost."""
    text, signature = reply_of("mail-15")
    assert signature == ""
    assert text == (
        "Hello,\n\nplease book this trip for us:\nFrom: Berlin\nTo: Paris\nDate: 5 March 2024\n\n"
        "We also need a hotel near the station.\n\nJane"
    )


def test_a_signature_of_gmail_in_html_is_a_part_of_its_own():
    """Mail 17: its markup says where it begins."""
    assert reply_of("mail-17") == (THANKS, "Jane Roe\nExample Ltd\n+1 555 0100")
