"""Tests of connecting and disconnecting."""
