"""The words by which full-text search finds a mail, and what somebody looks for."""
