"""Parts that may hold a mail: how they are recognised, and which are worth a fetch.

Holds: ``parts_to_fetch``, and the signs of a wrapper.
Add here: another name or type of a wrapper.
Keep out: opening them (``containers``).
Source: RFC 8551, 3.2 (types and names of S/MIME), MS-OXTNEF (winmail.dat).
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from gmail_ingest.core.mail.charsets.charsets import decode_base64url
from gmail_ingest.core.mail.parts.part_types import ENCLOSED_MAILS, SEALED_MAILS

Part = Mapping[str, Any]

TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
#: OpenPGP text from before RFC 3156, which defines separate parts for it.
OLD_PGP = "application/pgp"
#: Types of parts that may hold a mail. The last is also the type of any file.
WRAPPERS = (
    SEALED_MAILS
    | TNEF_TYPES
    | ENCLOSED_MAILS
    | {OLD_PGP, "multipart/*", "application/octet-stream"}
)

# A signed document (contract.pdf.p7m) is a file; a sealed mail has one of these names or none.
_SEALED_NAMES = frozenset({"", "smime.p7m", "smime.p7z"})
_TNEF_NAME = "winmail.dat"
_NEVER_OPEN = ("enveloped-data", "certs-only")
_MAX_PARTS = 10_000
_LARGEST = 30 * 1024 * 1024
# Each costs a call.
_MAX_FETCHED = 5


def parts_to_fetch(payload: object, *, has_text: bool) -> tuple[Part, ...]:
    """Return the parts whose content ``opened`` needs, each worth a call.

    Args:
        payload: ``payload`` of a Message.
        has_text: The mail has a text of its own.

    Returns:
        S/MIME data that is not declared as encrypted; Outlook's format and old OpenPGP only where
        the mail has no other text. Parts of enclosed mails count, too, because search finds their
        words. At most five, none above 30 MB.
    """
    wanted = (
        part
        for part in own_parts(payload, enclosed=True)
        if _is_elsewhere(part) and (_may_be_signed(part) or (not has_text and _may_be_text(part)))
    )
    return tuple(islice(wanted, _MAX_FETCHED))


def sealed_parts(payload: object) -> Iterator[Part]:
    """Yield the S/MIME parts that hold a mail, outside enclosed mails.

    Args:
        payload: ``payload`` of a Message.
    """
    return filter(is_sealed, own_parts(payload))


def own_parts(payload: object, *, enclosed: bool = False) -> Iterator[Part]:
    """Yield the parts of a mail, without those of enclosed mails.

    Args:
        payload: ``payload`` of a Message.
        enclosed: With those of enclosed mails.
    """
    stack = [payload]
    seen = 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        if not isinstance(part, dict):
            continue
        below = part.get("parts")
        if isinstance(below, list) and (enclosed or type_of(part) not in ENCLOSED_MAILS):
            stack.extend(reversed(below))
        yield part


def is_sealed(part: Part) -> bool:
    """Tell whether a part is a mail that S/MIME has packed.

    Args:
        part: A MessagePart.
    """
    if type_of(part) in SEALED_MAILS:
        # If it is the whole mail, its name does not matter.
        return is_mail_by_name(part) or not id_of(part)
    name = lower(part.get("filename"))
    return type_of(part) == "application/octet-stream" and name == "smime.p7m"


def is_mail_by_name(part: Part) -> bool:
    """Tell whether an S/MIME part has no name of a document.

    Args:
        part: A MessagePart.
    """
    return lower(part.get("filename")) in _SEALED_NAMES


def field(part: Part, name: str) -> str:
    """Return the first value of a header field of a part, ``""`` without one.

    Args:
        part: A MessagePart.
        name: In lower case.
    """
    fields = part.get("headers")
    for header in fields if isinstance(fields, list) else ():
        if isinstance(header, dict) and lower(header.get("name")) == name:
            value = header.get("value")
            return value if isinstance(value, str) else ""
    return ""


def content_of(part: Part, fetched: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a part, ``b""`` where they did not come.

    Args:
        part: A MessagePart.
        fetched: Part id to raw bytes.
    """
    content = part.get("body")
    data = content.get("data") if isinstance(content, dict) else None
    if isinstance(data, str) and data:
        return decode_base64url(data) or b""
    part_id = part.get("partId")
    return fetched.get(part_id, b"") if isinstance(part_id, str) else b""


def _may_be_signed(part: Part) -> bool:
    says = field(part, "content-type").lower()
    return is_sealed(part) and not any(word in says for word in _NEVER_OPEN)


def _may_be_text(part: Part) -> bool:
    return is_tnef(part) or type_of(part) == OLD_PGP


def is_tnef(part: Part) -> bool:
    """Tell whether a part is in Outlook's own format.

    Args:
        part: A MessagePart.
    """
    name = lower(part.get("filename"))
    return type_of(part) in TNEF_TYPES or (
        type_of(part) == "application/octet-stream" and name == _TNEF_NAME
    )


def _is_elsewhere(part: Part) -> bool:
    content = part.get("body")
    if not isinstance(content, dict) or content.get("data"):
        return False
    attachment_id, size = content.get("attachmentId"), content.get("size")
    if not isinstance(attachment_id, str) or not attachment_id:
        return False
    return not isinstance(size, int) or size <= _LARGEST


def id_of(part: Part) -> str:
    """Return the part id, ``""`` without one."""
    part_id = part.get("partId")
    return part_id if isinstance(part_id, str) else ""


def type_of(part: Part) -> str:
    """Return the MIME type of a part in lower case."""
    return lower(part.get("mimeType"))


def lower(value: object) -> str:
    """Return a value out of JSON in lower case, without blanks around it."""
    return value.strip().lower() if isinstance(value, str) else ""
