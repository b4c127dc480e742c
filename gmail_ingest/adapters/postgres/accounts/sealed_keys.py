"""Encodes and seals the keys of an integration, and opens them again.

Holds: the encoding under the seal. Add here: the encoding of another kind of key.
Keep out: encryption (the Sealer port), rows (``credentials``, ``registry``).
Source: docs/promises.md#promise-8; RFC 8259 for the JSON under the seal.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from gmail_ingest.errors import OperatorActionError
from gmail_ingest.sync.accounts.credentials import Keys, OAuthKeys, Sealer, ServiceAccountKeys


def seal_keys(sealer: Sealer, keys: Keys, *, tenant_id: str, integration_id: int) -> bytes:
    """Encode and seal keys for this tenant and integration; they do not open for any other."""
    return sealer.seal(_encode(keys), tenant_id=tenant_id, integration_id=integration_id)


def open_keys(sealer: Sealer, sealed: bytes, *, tenant_id: str, integration_id: int) -> Keys:
    """Open and decode a result of ``seal_keys``.

    Raises:
        OperatorActionError: the key is missing or wrong, or the row was changed.
    """
    plain = sealer.open(sealed, tenant_id=tenant_id, integration_id=integration_id)
    try:
        return _decode(plain)
    except (KeyError, TypeError, ValueError):
        # Without the cause, which would quote the keys.
        raise OperatorActionError(
            "a credential was sealed by another version of this program: connect it again"
        ) from None


def _encode(keys: Keys) -> bytes:
    if isinstance(keys, ServiceAccountKeys):
        return orjson.dumps({"email": keys.service_account_email, "info": dict(keys.info)})
    return orjson.dumps(
        {
            "access": keys.access_token,
            "refresh": keys.refresh_token,
            "expires": keys.expires_at.isoformat() if keys.expires_at else None,
            "scopes": keys.scopes,
        }
    )


def _decode(plain: bytes) -> Keys:
    fields = orjson.loads(plain)
    if "info" in fields:
        return ServiceAccountKeys(fields["email"], fields["info"])
    expires = fields["expires"]
    return OAuthKeys(
        access_token=fields["access"],
        refresh_token=fields["refresh"],
        expires_at=datetime.fromisoformat(expires) if expires else None,
        scopes=tuple(fields["scopes"]),
    )
