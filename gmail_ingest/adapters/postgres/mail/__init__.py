"""Rows of mail: emails, threads, facets, words of search, entries of the ledger."""
