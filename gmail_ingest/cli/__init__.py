"""The gmail-ingest command."""
