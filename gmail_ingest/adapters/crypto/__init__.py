"""Sealing of credentials: key ring and AES-256-GCM."""
