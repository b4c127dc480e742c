"""Sealing of credentials: key ring and AES-256-GCM.

Holds: ``parse_key_ring`` and ``AesGcmSealer``. Keep out: settings, tables.
"""
