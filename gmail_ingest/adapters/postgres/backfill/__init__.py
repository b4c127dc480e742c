"""Jobs of backfills and their months."""
