"""Reads the encryption key from the environment or from Secret Manager.

Holds: the choice between both, and the read. Add here: another secret store.
Keep out: what the bytes mean (``adapters/crypto``).
Source: docs/google.md#secret-manager (pin the version, verify the checksum, import lazily: 0.3 s,
57 MB).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.outbound import proxy_for, trusted_bundle
from gmail_ingest.settings import Settings

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.secretmanager import SecretManagerServiceClient

#: Seconds after which Secret Manager is given up; a starting process waits that long.
ACCESS_TIMEOUT = 30.0
SECRET_MANAGER = "secretmanager.googleapis.com"  # noqa: S105 - a host

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

SecretReader = Callable[[str], bytes]


def read_encryption_key(settings: Settings, reader: SecretReader | None = None) -> bytes:
    """Return the key's bytes as configured. Blocking: only for the start of a process.

    Args:
        settings: ``encryption_key`` or ``encryption_key_secret`` must be set, but not both.
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
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        client = open_secret_manager(credentials)
    except GoogleAuthError as exc:
        raise ConfigurationError(
            "ENCRYPTION_KEY_SECRET is set, but this process has no Google identity: run it as a "
            "service account, or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from exc
    with client:
        return access(client, name)


def open_secret_manager(
    credentials: Credentials, host: str = f"{SECRET_MANAGER}:443"
) -> SecretManagerServiceClient:
    """Open a client that uses the environment's proxy and certificates like all others.

    gRPC itself reads only the lower-case proxy variables, and no file of certificates.

    Raises:
        ConfigurationError: gRPC does not support the proxy, or as ``proxy_for``.
    """
    import grpc
    from google.cloud.secretmanager import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceGrpcTransport as Transport,
    )

    proxy = proxy_for(f"https://{host}")
    if proxy is not None and not proxy.startswith("http://"):
        raise ConfigurationError(
            "ENCRYPTION_KEY_SECRET is read by gRPC, which speaks to an http:// proxy only: name "
            f"{SECRET_MANAGER} in NO_PROXY, or set ENCRYPTION_KEY"
        )
    way = ("grpc.http_proxy", proxy) if proxy else ("grpc.enable_http_proxy", 0)
    roots = _roots()
    channel = Transport.create_channel(
        host,
        credentials=credentials,
        ssl_credentials=grpc.ssl_channel_credentials(roots) if roots else None,  # type: ignore[no-untyped-call] # gRPC is half typed
        options=[way],
    )
    return SecretManagerServiceClient(transport=Transport(host=host, channel=channel))


def _roots() -> bytes | None:
    """The certificates in the file that the environment names; None: gRPC's own."""
    named = trusted_bundle() or os.environ.get("SSL_CERT_FILE") or ""
    if not Path(named).is_file():
        return None
    return Path(named).read_bytes()


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
