"""Attachment ids, as short-lived as Gmail's.

Holds: how an id is made and read back, without a table of ids.
Add here: nothing else. Keep out: the attachments' bytes.
Source: docs/google.md#attachments (an id changes with every get, and old ones fail).
"""

import base64
import binascii
import hashlib
import itertools
import struct
from typing import Final

from gmail_sandbox.account.errors import UnknownAttachmentError
from gmail_sandbox.clock import Clock
from gmail_sandbox.mail.payload import encode_base64url

ATTACHMENT_ID_SECONDS: Final = 3600.0
"""How long an attachment id is accepted; Google states no number, clients must not rely on one."""

_ID_FIELDS: Final = struct.Struct(">QQQQ")
_ID_PREFIX: Final = "ANGjdJ"


class AttachmentIds:
    """Seals where an attachment lies into an id that needs no table.

    Args:
        secret: the key of the seal.
        clock: dates the ids.
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self._nonces = itertools.count(1)

    def seal(self, message_id: str, offset: int, length: int) -> str:
        """Return a new id, different at every call.

        Args:
            message_id: the message that the id is valid for.
            offset: of the bytes in the spool.
            length: of the bytes.
        """
        issued = max(0, int(self._clock.now() * 1000))
        fields = _ID_FIELDS.pack(next(self._nonces), issued, offset, length)
        return _ID_PREFIX + encode_base64url(fields + self._seal(message_id, fields)).decode()

    def open(self, message_id: str, attachment_id: str) -> tuple[int, int]:
        """Return offset and length of the attachment's bytes.

        Args:
            message_id: the message asked about.
            attachment_id: as sealed.

        Raises:
            UnknownAttachmentError: not sealed here, of another message, or too old.
        """
        if not attachment_id.isascii():
            raise UnknownAttachmentError
        bare = attachment_id.removeprefix(_ID_PREFIX)
        try:
            data = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
        except binascii.Error as exc:
            raise UnknownAttachmentError from exc
        fields = data[: _ID_FIELDS.size]
        if data[_ID_FIELDS.size :] != self._seal(message_id, fields):
            raise UnknownAttachmentError
        _, issued, offset, length = _ID_FIELDS.unpack(fields)
        if self._clock.now() - issued / 1000 > ATTACHMENT_ID_SECONDS:
            raise UnknownAttachmentError
        return offset, length

    def _seal(self, message_id: str, fields: bytes) -> bytes:
        return hashlib.blake2b(fields + message_id.encode(), key=self._secret).digest()
