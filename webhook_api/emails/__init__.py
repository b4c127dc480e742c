"""/api/emails: lists, threads, and what became of a mail."""
