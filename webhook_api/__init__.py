"""The FastAPI sidecar: it receives pushes, serves the CRM, and launches nothing in-process.

A folder or file for each resource, its routes and bodies side by side:

* ``push``             /webhooks/pubsub
* ``integrations``     /api/integrations: connect, look, disconnect
* ``sync``             /api/sync: syncs and jobs, backfills, coverage, dead letters, removals
* ``emails``           /api/emails: lists, threads, and why a mail is not among them
* ``exclusion_rules``  /api/tenants/{tenantId}/exclusion-rules
* ``health``           /healthz, /readyz

``base`` is what they stand on. They call the use cases and stores of ``gmail_ingest.wiring``;
``app`` puts them together, and ``python -m webhook_api`` serves.
"""
