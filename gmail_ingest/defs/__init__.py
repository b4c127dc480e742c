"""The Dagster definitions, split by kind."""
