"""The ``gmail-ingest`` command: one module for each command or group of commands.

Each command reads its options, calls another room, and prints; ``--json`` prints one object.
"""
