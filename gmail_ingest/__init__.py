"""Gmail sync for CRMs, as a Dagster data-ingestion project. This package imports nothing here.

Rooms, from the inside out (a room may import those named before it, never those after):

* ``errors``    what may go wrong, and what to do about it (the type says it)
* ``core``      pure: message parsing, history folding, fetch planning, windows
* ``sync``      use cases, and beside them the Protocols that they need (``sync/mailbox/ports.py``)
* ``adapters``  Gmail, Postgres, encryption, secrets: each implements ports
* ``wiring``    puts the objects together, by the settings
* ``defs``      the only room that imports Dagster

Entry points: ``definitions`` (the Dagster code location), ``cli`` (the ``gmail-ingest``
command, with ``local``: the processes that it starts), and the sibling package ``webhook_api`` (the
FastAPI sidecar). Beside them are two distributions that no deployment needs: ``gmail_sandbox``, a
local Google that shares no code with this one, and ``gmail_ingest_lab``, which shows, disturbs and
measures the whole against it.

Start reading at ``sync/live/mailbox_sync.py``: it is the promise that no mail is lost. Drawings,
and the way of a push, a payload and a date range: docs/architecture.md. What to edit for what:
CONTRIBUTING.md.
"""
