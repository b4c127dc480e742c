"""Where the encryption key comes from: the environment, or Secret Manager.

Holds: the choice between both, and the read. Add here: another keeper of secrets.
Keep out: what the bytes mean (``adapters/crypto``).
Source: google-facts section 9 (pin the version, verify the checksum, import lazily: 0.3 s, 57 MB).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import Settings

if TYPE_CHECKING:
    from google.cloud.secretmanager import SecretManagerServiceClient

#: Seconds until Secret Manager is given up; a process that starts waits for nothing else.
ACCESS_TIMEOUT = 30.0

SecretReader = Callable[[str], bytes]


def read_encryption_key(settings: Settings, reader: SecretReader | None = None) -> bytes:
    """The key's bytes as they were configured. Blocking: for a process that starts.

    Args:
        settings: ``encryption_key`` or ``encryption_key_secret`` must be set, and not both.
        reader: reads a secret version by name; Secret Manager unless given.

    Raises:
        ConfigurationError: neither or both are set, or the secret cannot be read.
    """
    key, secret = settings.encryption_key.get_secret_value(), settings.encryption_key_secret
    if key and secret:
        raise ConfigurationError(
            "ENCRYPTION_KEY and ENCRYPTION_KEY_SECRET are both set: remove the one that is not used"
        )
    if key:
        return key.encode("utf-8")
    if not secret:
        raise ConfigurationError(
            "no encryption key: set ENCRYPTION_KEY (`gmail-ingest keys generate-encryption` makes "
            "one), or ENCRYPTION_KEY_SECRET to a Secret Manager version "
            "projects/P/secrets/S/versions/N"
        )
    return (reader or read_secret_version)(secret)


def read_secret_version(name: str) -> bytes:
    """Read a version from Secret Manager with the process's own Google identity.

    Args:
        name: ``projects/P/secrets/S/versions/N``.

    Raises:
        ConfigurationError: names ENCRYPTION_KEY_SECRET and Google's reason.
    """
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.secretmanager import SecretManagerServiceClient

    try:
        client = SecretManagerServiceClient()
    except GoogleAuthError as exc:
        raise ConfigurationError(
            "ENCRYPTION_KEY_SECRET is set, but this process has no Google identity: run it as a "
            "service account, or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from exc
    with client:
        return access(client, name)


def access(client: SecretManagerServiceClient, name: str) -> bytes:
    """Read a version through a client and verify its checksum.

    Raises:
        ConfigurationError: names ENCRYPTION_KEY_SECRET and Google's reason.
    """
    import google_crc32c
    from google.api_core.exceptions import GoogleAPIError

    try:
        payload = client.access_secret_version(name=name, timeout=ACCESS_TIMEOUT).payload
    except GoogleAPIError as exc:
        raise ConfigurationError(
            f"ENCRYPTION_KEY_SECRET {name} cannot be read ({type(exc).__name__}): it must name an "
            f"enabled version, readable with roles/secretmanager.secretAccessor"
        ) from exc
    if google_crc32c.value(payload.data) != payload.data_crc32c:
        raise ConfigurationError(
            f"ENCRYPTION_KEY_SECRET {name} arrived damaged (CRC-32C differs): start again"
        )
    return payload.data
