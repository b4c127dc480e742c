"""Tests of /api/sync."""
