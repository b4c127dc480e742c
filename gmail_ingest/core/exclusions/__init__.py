"""Exclusion rules: how they are written, and which stored mail they hide."""
