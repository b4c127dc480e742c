"""Gmail sync for CRMs, as a Dagster data-ingestion project. This package imports nothing here.

Rooms, from the inside out (a room may import those named before it, never those after):

* ``errors``    what may go wrong, and what to do about it (the type says it)
* ``core``      pure: message parsing, history folding, fetch planning, windows
* ``sync``      use cases over the Protocols in ``sync/mailbox/ports.py``
* ``adapters``  Gmail, Postgres, encryption, secrets: each implements ports
* ``defs``      the only room that imports Dagster

Entry points: ``definitions`` (the Dagster code location), ``cli`` (the ``gmail-ingest``
command), ``local`` (the whole on one machine), and the sibling package ``webhook_api`` (the
FastAPI sidecar). Beside them are two distributions that no room here imports:
``gmail_ingest_lab`` (demonstration, rehearsal, benchmarks), and the local Google that it runs
against, ``gmail_sandbox``, which shares no code with this one.

Start reading at ``sync/live/mailbox_sync.py``: it is the promise that no mail is lost. Drawings,
and the way of a push, a payload and a date range: docs/architecture.md.
"""
