"""Storage in Postgres: tables, stores, queue, leases."""
