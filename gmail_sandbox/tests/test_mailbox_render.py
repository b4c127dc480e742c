import base64

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_sandbox.account.errors import UnknownAttachmentError, UnknownMessageError
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.tests.letters import data_of, full, header_of, letter

ATTACHED = b"""Subject: files
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Caf=E9
--b
Content-Type: text/plain; charset=iso-8859-1; name="note.txt"
Content-Transfer-Encoding: base64

Q2Fm6Q==
--b
Content-Type: image/png

picture
--b
Content-Type: message/rfc822; name="forwarded.eml"

Subject: inner

inner words
--b--
"""


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def mailbox(clock):
    with Spool() as spool:
        yield Mailbox("me@crm.example", spool=spool, clock=clock, large_body_bytes=1000)


def test_render_full_transcodes_inline_text_and_keeps_the_label(mailbox):
    """Inline text is UTF-8 whatever Content-Type says: edge case 43."""
    payload = full(mailbox, mailbox.deliver(ATTACHED))["payload"]
    part = payload["parts"][0]
    assert data_of(part) == "Café".encode()
    assert part["body"]["size"] == 5
    assert header_of(part, "content-type") == ["text/plain; charset=iso-8859-1"]
    assert payload["body"] == {"size": 0}


def test_render_full_serves_files_by_id_in_their_own_charset(mailbox):
    """A named text part comes by id, as raw bytes in its declared charset: edge case 44."""
    message = mailbox.deliver(ATTACHED)
    part = full(mailbox, message)["payload"]["parts"][1]
    assert part["filename"] == "note.txt"
    assert "data" not in part["body"]
    assert mailbox.attachment(message.id, part["body"]["attachmentId"]) == b"Caf\xe9"
    assert part["body"]["size"] == 4


def test_render_full_serves_nameless_images_by_id(mailbox):
    """An inline image without a name has no data in the payload."""
    part = full(mailbox, mailbox.deliver(ATTACHED))["payload"]["parts"][2]
    assert part["filename"] == ""
    assert set(part["body"]) == {"attachmentId", "size"}


def test_render_full_expands_an_attached_message(mailbox):
    """The parts of a forwarded mail appear below it and do not reach the snippet: edge case 44."""
    resource = full(mailbox, mailbox.deliver(ATTACHED))
    attached = resource["payload"]["parts"][3]
    assert (attached["mimeType"], attached["filename"]) == ("message/rfc822", "forwarded.eml")
    assert attached["parts"][0]["partId"] == "3.0"
    assert data_of(attached["parts"][0]) == b"inner words"
    assert resource["snippet"] == "Café"


def test_render_full_serves_a_large_body_by_id(mailbox):
    """A nameless text body beyond the bound comes by attachment id: edge case 45."""
    raw = b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + b"\xe9" * 1001
    message = mailbox.deliver(raw)
    body = full(mailbox, message)["payload"]["body"]
    assert body["size"] == 1001
    assert mailbox.attachment(message.id, body["attachmentId"]) == b"\xe9" * 1001


def test_attachment_id_changes_with_every_render_and_dies(mailbox, clock):
    """An id is good for an hour, and each render gives another."""
    message = mailbox.deliver(ATTACHED)
    first, second = (
        full(mailbox, message)["payload"]["parts"][1]["body"]["attachmentId"] for _ in range(2)
    )
    assert first != second
    clock.advance(3500)
    assert mailbox.attachment(message.id, first) == mailbox.attachment(message.id, second)
    clock.advance(200)
    with pytest.raises(UnknownAttachmentError):
        mailbox.attachment(message.id, first)


@pytest.mark.parametrize("attachment_id", ["", "x", "ANGjdJ", "ANGjdJ" + "A" * 128, "é", "!!!!"])
def test_attachment_refuses_an_id_it_did_not_make(mailbox, attachment_id):
    """An invented id reads nothing."""
    message = mailbox.deliver(ATTACHED)
    with pytest.raises(UnknownAttachmentError):
        mailbox.attachment(message.id, attachment_id)


def test_attachment_refuses_the_id_of_another_message(mailbox):
    """An id belongs to its message, and both have to exist."""
    first, second = mailbox.deliver(ATTACHED), mailbox.deliver(ATTACHED)
    attachment_id = full(mailbox, first)["payload"]["parts"][1]["body"]["attachmentId"]
    with pytest.raises(UnknownAttachmentError):
        mailbox.attachment(second.id, attachment_id)
    mailbox.delete(first.id)
    with pytest.raises(UnknownMessageError):
        mailbox.attachment(first.id, attachment_id)


def test_render_minimal_has_no_payload(mailbox):
    """The minimal format says ids, labels, dates and the snippet, numbers of 64 bits as strings."""
    message = mailbox.deliver(letter(body="It's <b> & so on"), internal_date=1_700_000_000_000)
    assert orjson.loads(mailbox.render(message, "minimal")) == {
        "id": message.id,
        "threadId": message.id,
        "labelIds": ["INBOX", "UNREAD"],
        "historyId": str(mailbox.history_id),
        "internalDate": "1700000000000",
        "sizeEstimate": message.size_estimate,
        "snippet": "It&#39;s &lt;b&gt; &amp; so on",
    }


def test_render_leaves_out_label_ids_when_there_are_none(mailbox):
    """An archived, read mail has no labelIds key."""
    message = mailbox.deliver(letter(), label_ids=())
    assert "labelIds" not in orjson.loads(mailbox.render(message, "minimal"))


def test_render_metadata_gives_the_headers_asked_for_and_no_parts(mailbox):
    """Metadata filters headers by name in any case, and never lists parts."""
    message = mailbox.deliver(ATTACHED)
    resource = mailbox.render(message, "metadata", metadata_headers=["SUBJECT"])
    assert orjson.loads(resource)["payload"] == {
        "mimeType": "multipart/mixed",
        "headers": [{"name": "Subject", "value": "files"}],
    }


def test_render_raw_is_the_mail_as_delivered(mailbox):
    """The raw format returns the very bytes, in base64url."""
    raw = letter() + bytes(range(256))
    resource = orjson.loads(mailbox.render(mailbox.deliver(raw), "raw"))
    assert base64.urlsafe_b64decode(resource["raw"] + "==") == raw
    assert "payload" not in resource


def test_render_refuses_an_unknown_format(mailbox):
    """A format that Gmail does not have is an error of the caller."""
    with pytest.raises(ValueError, match="format"):
        mailbox.render(mailbox.deliver(letter()), "fat")


def test_snippet_prefers_plain_text_and_reads_html_without_its_style(mailbox):
    """An empty text part gives way to the HTML, whose style sheet is no text: edge case 46."""
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\n"
        b"Content-Type: text/html\n\n<style>p{}</style><p>Hello &uuml;</p>\n--b--\n"
    )
    assert mailbox.snippet(mailbox.deliver(raw)) == "Hello ü"


def test_snippet_is_cut_between_characters(mailbox):
    """A cut never splits a character beyond the BMP: edge case 42."""
    snippet = mailbox.snippet(mailbox.deliver(letter(body="🚀" * 500)))
    assert snippet == "🚀" * 200


def test_deliver_keeps_nul_and_missing_headers(mailbox):
    """A NUL and a mail without any header are served, not refused: edge cases 41 and 51."""
    resource = full(mailbox, mailbox.deliver(b"Subject: a\x00b\n\nc\x00d"))
    assert header_of(resource["payload"], "subject") == ["a\x00b"]
    assert data_of(resource["payload"]) == b"c\x00d"
    assert full(mailbox, mailbox.deliver(b""))["payload"]["headers"] == []


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["utf-7", "idna", "x\x00", "iso-2022-jp", "hex"]))
def test_render_is_json_for_any_mail(body, charset):
    """Whatever was delivered, all four formats are valid JSON: edge cases 41, 42 and 43."""
    with Spool() as spool:
        mailbox = Mailbox("me@crm.example", spool=spool, clock=Clock())
        for raw in (body, f"Content-Type: text/plain; charset={charset}\n\n".encode() + body):
            message = mailbox.deliver(raw)
            for message_format in ("minimal", "metadata", "full", "raw"):
                assert orjson.loads(mailbox.render(message, message_format))["id"] == message.id
