"""Mailboxes as rows: their states, and the health of tenants."""
