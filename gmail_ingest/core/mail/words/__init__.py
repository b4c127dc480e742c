"""The words of full-text search: those of a mail and those of a query."""
