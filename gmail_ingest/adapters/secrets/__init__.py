"""Reading of secrets that a process needs to start.

Holds: ``read_encryption_key``. Keep out: what the secrets are used for.
"""
