"""Seeded mail: conversations and machines' mail, the same for the same seed."""
