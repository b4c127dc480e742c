import pytest

from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.parts.files import attachments_of
from gmail_ingest.core.mail.parts.part_tree import sort_parts
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_tests.core.gmail_json import part, resource
from gmail_ingest_tests.core.growth import assert_linear

TEXT = part(body="Here it is.", part_id="0")


def multi(kind, *parts):
    return part(f"multipart/{kind}", parts=list(parts))


def file(mime_type, name="", *, size=5_000, part_id="9", **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    found = part(mime_type, part_id=part_id, filename=name, headers=fields, attachment_id="ANG")
    found["body"]["size"] = size
    return found


def files(payload):
    parsed = parse_message(resource(payload), owner_addresses=[])
    return [
        (attachment.filename, attachment.mime_type, attachment.inline)
        for attachment in parsed.attachments
    ]


@pytest.mark.parametrize("says", ["inline", "attachment", "INLINE; filename=x", ""])
@pytest.mark.parametrize(
    ("mime_type", "name"),
    [
        ("application/pdf", "contract.pdf"),
        ("application/vnd.ms-excel", "prices.xls"),
        ("application/octet-stream", "drawing.dwg"),
        ("text/csv", "orders.csv"),
        ("image/jpeg", "IMG_1.jpeg"),
        ("image/heic", "IMG_2.heic"),
        ("video/quicktime", "IMG_3.mov"),
        ("application/ms-tnef", "winmail.dat"),
    ],
)
def test_file_is_one_whatever_the_senders_program_says(says, mime_type, name):
    """Case 02 a and mail 20: a document, and a photo that no HTML shows, are files though they are
    marked inline, or have a Content-ID (edge case 143).
    """
    sent = file(mime_type, name, Content_Disposition=says, Content_ID="<F1D2@customer.example>")
    assert files(multi("mixed", TEXT, sent)) == [(name, mime_type, False)]
    html = part("text/html", "<p>The price list is attached.</p>")
    assert files(multi("mixed", html, sent)) == [(name, mime_type, False)]


def test_file_between_two_pieces_of_html_is_a_file():
    """Case 02 b: Apple Mail cuts the HTML in two around a PDF (edge case 143)."""
    pieces = multi(
        "mixed",
        part("text/html", "See"),
        file("application/pdf", "invoice.pdf"),
        part("text/html", "Regards"),
    )
    parsed = parse_message(resource(multi("alternative", TEXT, pieces)), owner_addresses=[])
    assert [(a.filename, a.inline) for a in parsed.attachments] == [("invoice.pdf", False)]
    assert (parsed.text, parsed.html) == ("Here it is.", "See\nRegards")


@pytest.mark.parametrize(
    "shows",
    [
        '<img src="cid:logo1@x.example">',
        "<IMG SRC='CID:LOGO1@X.EXAMPLE'>",
        "<img src=cid:logo1@x.example width=1>",
        '<img src="cid:logo1%40x.example">',
        '<img src="cid:&lt;logo1@x.example&gt;">',
        '<img src="cid:logo1&#64;x.example">',
        '<td style="background:url(cid:logo1@x.example)">',
        '<v:imagedata src="cid:logo1@x.example" o:title="">',
        '<img src="cid:Logo of us.png">',
        '<img src="images/Logo%20of%20us.png">',
        '<img src="http://www.x.example/images/Logo of us.png">',
    ],
)
@pytest.mark.parametrize("says", ["attachment", "inline", ""])
def test_picture_that_the_html_shows_belongs_to_the_text(shows, says):
    """Case 02 d and mail 21: a logo is no file though it is marked attachment; the HTML names it by
    its id, its place or its name, in any spelling (edge case 144).
    """
    logo = file(
        "image/png", "Logo of us.png", Content_Disposition=says, Content_ID="<logo1@x.example>",
        Content_Location="http://www.x.example/images/Logo%20of%20us.png",
    )  # fmt: skip
    html = part("text/html", f"<p>Hello</p>{shows}")
    assert files(multi("related", html, logo)) == [("Logo of us.png", "image/png", True)]


def test_picture_that_the_html_does_not_show_is_a_file():
    """An id that the HTML never names says nothing; nor does the id of another (edge case 143)."""
    html = part("text/html", '<img src="cid:logo10"><p>cid:</p>')
    sent = [file("image/png", f"{n}.png", Content_ID=f"<logo{n}>") for n in (1, 10, 100)]
    assert [inline for *_, inline in files(multi("related", html, *sent))] == [False, True, False]


@pytest.mark.parametrize(
    ("mime_type", "name", "inline"),
    [
        ("application/pdf", "a.pdf", False),
        ("application/octet-stream", "a.pdf", False),
        ("application/octet-stream", "a.PNG", True),
        ("application/octet-stream", "", True),
        ("application/x-mso", "oledata.mso", True),
        ("message/rfc822", "a.eml", False),
        ("text/html", "page.html", False),
        ("image/svg+xml", "a.svg", True),
        ("video/mp4", "a.mp4", True),
    ],
)
def test_document_that_the_html_names_is_a_file_all_the_same(mime_type, name, inline):
    """HTML links to files and shows pictures (edges of 143 and 144)."""
    html = part("text/html", '<a href="cid:f1">contract</a>')
    found = files(multi("related", html, file(mime_type, name, Content_ID="<f1>")))
    assert [file[2] for file in found] == [inline]


@pytest.mark.parametrize(
    ("mime_type", "name", "size", "says", "inline"),
    [
        ("image/gif", "spacer.gif", 43, "", True),
        ("image/png", "", 95, "inline", True),
        ("image/gif", "chart.gif", 4_300, "", False),
        ("image/gif", "dot.gif", 43, "attachment", False),
        ("image/png", "photo.png", 90, "", False),
    ],
)
def test_picture_of_one_point_is_no_file(mime_type, name, size, says, inline):
    """Nobody sees a tracking pixel or a spacer (edge case 144)."""
    dot = file(mime_type, name, size=size, Content_Disposition=says)
    assert files(multi("mixed", part("text/html", "<p>x</p>"), dot)) == [(name, mime_type, inline)]


@pytest.mark.parametrize(("says", "inline"), [("inline", True), ("", True), ("attachment", False)])
def test_nameless_picture_between_texts_belongs_to_them(says, inline):
    """Without HTML a picture that has no name stands in the text (edge case 144)."""
    picture = file("image/png", "", Content_Disposition=says)
    assert files(multi("mixed", TEXT, picture)) == [("", "image/png", inline)]


def test_picture_that_is_the_whole_mail_is_a_file():
    """A fax or a picture message without a text is not nothing (edge case 143)."""
    assert files(file("image/tiff")) == [("", "image/tiff", False)]
    assert files(multi("mixed", part(body=" \n"), file("image/png"))) == [("", "image/png", False)]


def test_picture_that_a_plain_text_names_belongs_to_it():
    """Outlook writes the id into the plain text that it makes of HTML (edge case 144)."""
    logo = file("image/png", "image001.png", Content_ID="<image001.png@01DA0000.1234>")
    text = part(body="Regards\n[cid:image001.png@01DA0000.1234]\n")
    assert files(multi("mixed", text, logo)) == [("image001.png", "image/png", True)]


@pytest.mark.parametrize(
    ("mime_type", "name"),
    [
        ("application/pgp-signature", ""),
        ("application/pgp-signature", "OpenPGP_signature.asc"),
        ("application/x-pkcs7-signature", "smime.p7s"),
        ("application/octet-stream", "smime.p7s"),
        ("application/octet-stream", "signature.asc"),
        ("application/octet-stream", "sig"),
    ],
)
def test_signature_of_the_mail_is_no_file(mime_type, name):
    """However it is called, what follows the signed text seals it (edge case 147)."""
    seal = file(mime_type, name, Content_Disposition="attachment")
    assert files(multi("signed", TEXT, seal)) == [(name, mime_type, True)]


@pytest.mark.parametrize(
    "mime_type",
    [
        "message/delivery-status", "message/disposition-notification", "message/feedback-report",
        "text/rfc822-headers", "message/global-delivery-status", "message/global-headers",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["", "details.txt"])
def test_what_a_report_says_to_programs_is_no_file(mime_type, name):
    """A bounce has no files, in whatever form Gmail gives its parts (mail 40, edge case 147)."""
    assert files(multi("report", TEXT, file(mime_type, name))) == []
    opened = part(mime_type, parts=[part(body="Action: failed")], filename=name)
    assert files(multi("report", TEXT, opened)) == []
    sent_along = part(mime_type, "Action: failed", filename=name)
    assert files(multi("report", TEXT, sent_along)) == []


def test_encrypted_mail_has_no_file_of_control():
    """Mail 40: the version part is none, and the sealed text belongs to the mail (edge case
    147).
    """
    version = file("application/pgp-encrypted", "PGP/MIME version identification")
    sealed = file("application/octet-stream", "encrypted.asc", Content_Disposition="inline")
    assert files(multi("encrypted", version, sealed)) == [
        ("encrypted.asc", "application/octet-stream", True)
    ]
    for says in ("inline", "attachment"):
        whole = file("application/pkcs7-mime", "smime.p7m", Content_Disposition=says)
        assert files(whole) == [("smime.p7m", "application/pkcs7-mime", True)]
    assert files(multi("mixed", TEXT, whole)) == [("smime.p7m", "application/pkcs7-mime", False)]


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (
            multi("alternative", TEXT, part("text/calendar", "BEGIN")),
            [("invite.ics", "text/calendar", True)],
        ),
        (part("text/calendar", "BEGIN"), [("invite.ics", "text/calendar", True)]),
        (
            multi("mixed", TEXT, part("text/calendar", "BEGIN")),
            [("invite.ics", "text/calendar", False)],
        ),
        (
            multi(
                "mixed",
                multi("alternative", TEXT, part("text/calendar", "BEGIN")),
                file("application/ics", "invite.ics", Content_Disposition="attachment"),
            ),
            [("invite.ics", "text/calendar", True), ("invite.ics", "application/ics", False)],
        ),
    ],
)
def test_calendar_without_a_name_gets_one(payload, found):
    """Case 17 c: an invitation beside its text is another form of it, named invite.ics (edge case
    148).
    """
    assert files(payload) == found


def test_renderings_and_layout_are_no_files():
    """Forms of the text for other programs, the slides of a picture message, and what Macintosh
    keeps of a file are nothing that somebody attached.
    """
    enriched = part("text/enriched", "<bold>Hi</bold>")
    amp = part("text/x-amp-html", "<html amp>")
    assert files(multi("alternative", TEXT, enriched, amp)) == []
    slides = file("application/smil", "0.smil")
    photo = file("image/jpeg", "1.jpg")
    assert files(multi("mixed", slides, TEXT, photo)) == [
        ("0.smil", "application/smil", True),
        ("1.jpg", "image/jpeg", False),
    ]
    double = multi(
        "appledouble", file("application/applefile", "a.doc"), file("application/msword", "a.doc")
    )
    assert files(multi("mixed", TEXT, double)) == [("a.doc", "application/msword", False)]


@pytest.mark.parametrize("mime_type", ["message/partial", "message/external-body", "message/x"])
def test_other_messages_are_listed_as_what_they_are(mime_type):
    """A piece of a mail, and a pointer to a file, are not lost without a name."""
    inner = part("text/plain", "not me")
    assert files(multi("mixed", TEXT, part(mime_type, parts=[inner]))) == [("", mime_type, False)]


def test_file_keeps_what_identifies_it():
    """Position, size and id are Gmail's; its short-lived attachment id is not kept."""
    sent = file("image/PNG", "a\r\nb.png", size=7, part_id="0.1", Content_ID=" <a@b> ")
    (found,) = parse_message(resource(multi("mixed", TEXT, sent)), owner_addresses=[]).attachments
    assert (found.part_id, found.filename, found.size) == ("0.1", "a b.png", 7)
    assert (found.mime_type, found.content_id) == ("image/png", "a@b")


@pytest.mark.parametrize(
    "piece",
    ["cid:", 'cid:"', "cid:&lt;", "cid:%", "src=", "url(", "src=' ", "<", "cid:a, ", ",   cid:"],
)
def test_html_is_searched_in_linear_time(piece):
    """Ten times the HTML takes about ten times as long (edge case 151)."""
    sent = file("image/png", "a.png", Content_ID="<a>", Content_Location="a/b/c")
    cleaner = TextCleaner()
    found = sort_parts(multi("mixed", TEXT, sent), Headers(None, cleaner), cleaner).files
    assert_linear(lambda times: attachments_of(found, piece * times, ""), 3_000)
