"""Backfills: ranges of the past, month by month."""
