"""Exclusion rules of tenants, and the mail that they hide."""
