"""Tests of the push endpoint."""
