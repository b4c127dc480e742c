"""Writes of a sync under its lease: pages of history and of listings, batches of mail, removals."""
