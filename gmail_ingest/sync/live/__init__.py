"""Syncs that the queue asks for: one tenant's, or many tenants' by a drain.

Start at ``mailbox_sync.py``.
"""
