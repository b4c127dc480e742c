"""S/MIME objects for tests: signed by a throw-away key, or put together by hand.

Holds: ``signed_data``, ``enveloped_data``, and ``ber`` to write what no library writes.
Add here: another CMS object. Keep out: mails around them.
Source: RFC 5652; X.690 for lengths.
"""

from __future__ import annotations

import functools
import zlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
COMPRESSED_DATA = bytes.fromhex("060b2a864886f70d0109100109")
DATA = bytes.fromhex("06092a864886f70d010701")
_VERSION = b"\x02\x01\x01"


def signed_data(content: bytes, *, detached: bool = False, pem: bool = False) -> bytes:
    """Return signed data with its content, as OpenSSL writes it (``detached``: without)."""
    key, certificate = _identity()
    options = [pkcs7.PKCS7Options.Binary]
    if detached:
        options.append(pkcs7.PKCS7Options.DetachedSignature)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.PEM if pem else Encoding.DER, options)


def enveloped_data(content: bytes) -> bytes:
    """Return encrypted data, as far as it can be told without a key."""
    encrypted = ber(0x30, DATA + ber(0x30, ber(0x06, b"\x2a")) + ber(0x80, content[::-1]))
    body = ber(0x30, b"\x02\x01\x00" + ber(0x31, b"") + encrypted)
    return ber(0x30, ENVELOPED_DATA + ber(0xA0, body))


def streamed_signed_data(*pieces: bytes) -> bytes:
    """Return signed data of indefinite lengths, its content in pieces, without signatures."""
    octets = b"\x24\x80" + b"".join(ber(0x04, piece) for piece in pieces) + b"\x00\x00"
    content = b"\x30\x80" + DATA + b"\xa0\x80" + octets + b"\x00\x00" * 2
    algorithms = b"\x31\x80" + ber(0x30, ber(0x06, b"\x2a")) + b"\x00\x00"
    body = b"\x30\x80" + _VERSION + algorithms + content + b"\x00\x00"
    return b"\x30\x80" + SIGNED_DATA + b"\xa0\x80" + body + b"\x00\x00" * 2


def compressed_data(content: bytes) -> bytes:
    """Return compressed data (RFC 3274)."""
    inner = ber(0x30, DATA + ber(0xA0, ber(0x04, zlib.compress(content))))
    body = ber(0x30, _VERSION + ber(0x30, ber(0x06, b"\x2a")) + inner)
    return ber(0x30, COMPRESSED_DATA + ber(0xA0, body))


def ber(tag: int, content: bytes) -> bytes:
    """Return a value with its length in the definite form."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + content


@functools.cache
def _identity() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann Example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return key, builder.sign(key, hashes.SHA256())
