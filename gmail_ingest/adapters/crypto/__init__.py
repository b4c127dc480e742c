"""Sealing of credentials."""
