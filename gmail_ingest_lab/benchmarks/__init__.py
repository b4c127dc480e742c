"""The benchmark suite behind ``gmail-ingest bench``: one module for each figure, and its harness.

Holds: what is measured (``units``, ``cpu``, ...), the harness that runs it (``harness``,
``mail``), the processes whose CPU counts (``*_worker``), and plain baselines (``plain_*``).
Add here: a figure, named in ``suite``. Keep out: anything that the service itself needs.
Everything runs on loopback, ends by itself and leaves nothing behind.
"""
