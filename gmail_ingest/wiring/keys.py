"""The keys that credentials are sealed with.

Holds: ``read_key_ring``. Keep out: sealing (``adapters/crypto``), where a key comes from
(``adapters/secrets``).
"""

from gmail_ingest.adapters.crypto.key_ring import KeyRing, parse_key_ring
from gmail_ingest.adapters.secrets.encryption_key import read_encryption_key
from gmail_ingest.settings import Settings


def read_key_ring(settings: Settings) -> KeyRing:
    """The keys that the settings name; ConfigurationError without a good one
    (docs/promises.md#promise-7).
    """
    return parse_key_ring(read_encryption_key(settings))
