"""Rows of mail: emails, threads, facets, search terms, ledger entries."""
