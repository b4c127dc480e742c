"""The benchmark suite behind ``gmail-ingest bench``: one module for each figure, and its ground.

Holds: what is measured (``units``, ``cpu``, ...), the ground that it is measured on (``ground``,
``mail``), the processes whose CPU counts (``*_worker``), and plain baselines (``plain_*``).
Add here: a figure, named in ``suite``. Keep out: anything that the service itself needs.
Everything runs on loopback, ends by itself and leaves nothing behind.
"""
