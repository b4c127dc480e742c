"""What Alembic runs for every command, on the connection that ``migrate`` hands over.

Holds: the wiring of Alembic to our connection. Add here: an option of Alembic's context.
Keep out: revisions. Source: Alembic's cookbook, "Sharing a Connection".
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
