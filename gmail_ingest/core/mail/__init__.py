"""A mail as a careful person reads it: from Gmail's payload to a ``ParsedMessage``.

Start at ``payload.py``: it is the only module that reads Gmail's JSON of a message.
"""
