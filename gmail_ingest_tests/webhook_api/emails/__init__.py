"""Tests of /api/emails."""
