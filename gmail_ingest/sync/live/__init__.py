"""Syncs that the queue asks for: one tenant's, or those of many by a drain. Start at ``mailbox_sync.py``."""
