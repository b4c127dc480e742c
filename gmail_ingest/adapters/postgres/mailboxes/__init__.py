"""Mailboxes as rows: their state, and the health of a tenant's."""
