"""The rules of the ledger: fates of messages, Gmail's history, windows and months of time."""
