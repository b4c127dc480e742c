"""Notifications: who watches a mailbox, and how Pub/Sub delivers what it is told."""
