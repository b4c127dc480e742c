"""Raw mail built from text, byte for byte, as mailers of several kinds write it.

Holds: headers with RFC 2047 words, text parts in their charsets, multiparts, attachments.
Add here: a way in which mailers write mail. Keep out: what the mail says (``vocabulary.py``).
Source: RFC 2045 to 2047, RFC 5322. The standard library's writer is six times slower and refuses
to write broken mail, of which seeded mailboxes need some.
"""

import base64
import binascii
import html
from typing import Final

_WORD_CHARACTERS: Final = 18
_CRLF: Final = b"\r\n"


def header(name: str, value: str, charset: str = "utf-8") -> bytes:
    """Return a header line; text beyond ASCII becomes RFC 2047 words.

    Args:
        name: the header's name.
        value: its text.
        charset: of the words.
    """
    return f"{name}: {encoded(value, charset)}\r\n".encode()


def encoded(text: str, charset: str) -> str:
    """Return text as it may stand in a header.

    Args:
        text: any text.
        charset: of the RFC 2047 words, if any are needed.
    """
    if text.isascii():
        return text
    words = (text[i : i + _WORD_CHARACTERS] for i in range(0, len(text), _WORD_CHARACTERS))
    return "\r\n ".join(
        f"=?{charset}?B?{base64.b64encode(word.encode(charset, 'replace')).decode()}?="
        for word in words
    )


def mailbox_of(name: str, address: str, charset: str) -> str:
    """Return a display name and address as they stand in a header.

    Args:
        name: the display name.
        address: the address.
        charset: of RFC 2047 words.
    """
    if not name.isascii():
        return f"{encoded(name, charset)} <{address}>"
    return f'"{name}" <{address}>' if "," in name or "." in name else f"{name} <{address}>"


def text_part(text: str, charset: str, subtype: str = "plain") -> bytes:
    """Return a text part, headers included.

    Args:
        text: its lines end with LF.
        charset: to write it in; what it lacks becomes a question mark.
        subtype: of ``text/``.
    """
    data = text.replace("\n", "\r\n").encode(charset, "replace")
    if data.isascii():
        encoding = "7bit"
    elif charset == "utf-8" and subtype == "plain":
        encoding, data = "base64", base64.encodebytes(data).replace(b"\n", _CRLF)
    else:
        encoding, data = "quoted-printable", binascii.b2a_qp(data)
    start = (
        f"Content-Type: text/{subtype}; charset={charset}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return start.encode() + data


def html_part(text: str, charset: str) -> bytes:
    """Return the HTML form of a plain text.

    Args:
        text: the plain text.
        charset: to write it in.
    """
    body = "".join(f"<p>{html.escape(line)}</p>\n" for line in text.split("\n") if line)
    markup = f"<html><head><style>p {{ margin: 0 }}</style></head><body>\n{body}</body></html>\n"
    return text_part(markup, charset, "html")


def multipart(subtype: str, boundary: str, *parts: bytes, parameters: str = "") -> bytes:
    """Return a multipart, headers included.

    Args:
        subtype: of ``multipart/``.
        boundary: occurs in none of the parts.
        parts: headers included.
        parameters: more of Content-Type, beginning with a semicolon.
    """
    mark = b"--" + boundary.encode()
    lines = [
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"{parameters}\r\n'.encode(),
        *(mark + _CRLF + part for part in parts),
        mark + b"--" + _CRLF,
    ]
    return _CRLF.join(lines)


def attachment(filename: str, mime_type: str, content: bytes) -> bytes:
    """Return an attached file, headers included.

    Args:
        filename: written by RFC 2231 if beyond ASCII.
        mime_type: of the file.
        content: of the file.
    """
    name = f'filename="{filename}"'
    if not filename.isascii():
        quoted = "".join(f"%{byte:02X}" for byte in filename.encode())
        name = f"filename*=utf-8''{quoted}"
    start = (
        f"Content-Type: {mime_type}\r\nContent-Disposition: attachment; {name}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return start.encode() + base64.encodebytes(content).replace(b"\n", _CRLF)


def forwarded(raw: bytes) -> bytes:
    """Return a mail as an attachment of another, headers included.

    Args:
        raw: the attached mail.
    """
    return (
        b'Content-Type: message/rfc822; name="forwarded.eml"\r\n'
        b'Content-Disposition: attachment; filename="forwarded.eml"\r\n\r\n' + raw
    )
