"""Reads of the CRM and of operators: lists, search, threads, status."""
