"""Tenants, integrations, credentials and API keys; the account behind a mailbox."""
