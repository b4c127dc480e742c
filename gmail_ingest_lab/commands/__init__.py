"""The commands of ``gmail-ingest`` that come with this distribution."""
