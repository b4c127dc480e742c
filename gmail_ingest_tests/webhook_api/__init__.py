"""Tests of the sidecar: over HTTP, on real Postgres, with the sandbox as Google."""
