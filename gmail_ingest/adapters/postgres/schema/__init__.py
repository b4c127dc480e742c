"""The schema: tables, migrations, and what a database is before anything is asked of it."""
