"""Tests of what holds for every resource: keys, errors, refusals, documentation, times."""
