"""Files and containers of mail that a former release read wrongly, as a person sees them."""

from gmail_ingest_tests.core.case_inputs import files_of, read_case


def has_attachment(message):
    return any(not attachment.inline for attachment in message.attachments)


def test_a_document_marked_inline_is_a_file():
    """Case 02 a: Apple Mail marks each file inline."""
    message = read_case("02-a")
    assert files_of(message) == [("contract.pdf", "application/pdf", False)]
    assert message.text == "Here is the contract.\n"


def test_a_document_between_two_pieces_of_html_is_a_file():
    """Case 02 b: no HTML names it."""
    assert files_of(read_case("02-b")) == [("invoice.pdf", "application/pdf", False)]


def test_a_document_with_a_content_id_is_a_file():
    """Case 02 c: an id that no HTML names, and no disposition."""
    assert files_of(read_case("02-c")) == [("prices.xls", "application/vnd.ms-excel", False)]


def test_a_logo_marked_as_attachment_is_no_file():
    """Case 02 d: the HTML shows it by its id."""
    message = read_case("02-d")
    assert files_of(message) == [("logo.png", "image/png", True)]
    assert not has_attachment(message)


def test_an_enclosed_mail_without_a_name_is_a_file():
    """Mail 19: by its subject, and its words are found."""
    message = read_case("mail-19")
    assert files_of(message) == [("Offer.eml", "message/rfc822", False)]
    assert "please find our offer below." in message.search_text
    assert message.text == "See below"


def test_a_contract_marked_inline_is_a_file():
    """Mail 20: a document is one, whatever the sender's program says of it."""
    message = read_case("mail-20")
    assert files_of(message) == [("contract.pdf", "application/pdf", False)]
    assert has_attachment(message)


def test_a_logo_that_the_html_shows_is_no_file():
    """Mail 21: marked as attachment, and shown by the HTML."""
    message = read_case("mail-21")
    assert files_of(message) == [("logo.png", "image/png", True)]
    assert not has_attachment(message)


def test_a_mail_that_is_only_a_calendar_is_read():
    """Case 17 b: what, when, where and what to bring."""
    message = read_case("17-b")
    assert message.text == (
        "Invitation: project meeting\nWhen: 2026-12-03 09:00 to 10:00 (UTC)\nWhere: Room 5\n"
        "Organizer: ann@customer.example\nAttendees: owner@crm.example\n\nBring the drawings.\n"
        "Join at https://meet.customer.example/abc"
    )
    assert message.content_kind == "invitation"
    assert files_of(message) == [("invite.ics", "text/calendar", True)]


def test_an_ordinary_invitation_has_its_text_and_its_file():
    """Case 17 c: a calendar beside the text, and the same as a file."""
    message = read_case("17-c")
    assert message.text == "You are invited to the review."
    assert message.content_kind == "invitation"
    assert files_of(message) == [
        ("invite.ics", "text/calendar", True),
        ("invite.ics", "application/ics", False),
    ]


def test_a_mail_that_is_only_another_shows_it():
    """Case 17 e: its words are text as a forward, and it is a file."""
    message = read_case("17-e")
    assert message.text == (
        "---------- Forwarded message ---------\nFrom: Carl Example <carl@third.example>\n"
        "Subject: complaint\nTo: ann@customer.example\n\nThe pump is broken again."
    )
    assert message.reply_text == ""
    assert files_of(message) == [("complaint.eml", "message/rfc822", False)]


def test_a_mail_that_encloses_another_says_so():
    """Case 17 f: a file by its subject, whose words and people are found."""
    message = read_case("17-f")
    assert message.text == "See the complaint of Carl below."
    assert files_of(message) == [("complaint.eml", "message/rfc822", False)]
    assert "carl@third.example" in message.search_text
    assert "The pump is broken again." in message.search_text


def test_an_encrypted_mail_says_so():
    """Mail 40: no text, no file of control, and no file to a person."""
    message = read_case("mail-40")
    assert (message.content_kind, message.text) == ("encrypted", "")
    assert files_of(message) == [("encrypted.asc", "application/octet-stream", True)]
