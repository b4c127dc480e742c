"""What a sync writes, under its lease: pages of history and of lists, batches of mail, removals."""
