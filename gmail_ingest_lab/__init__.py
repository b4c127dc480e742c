"""Demonstration, rehearsal and benchmarks of the service."""
