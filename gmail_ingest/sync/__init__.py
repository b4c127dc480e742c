"""Use cases, over the Protocols in ``mailbox/ports.py``; no adapter, no framework.

* ``live/``      a tenant's mail as it comes: one tenant, or a drain of many
* ``audit/``     what Gmail lists against what is stored, repairs, and why a mail is not there
* ``backfill/``  ranges of the past: price, months, the mailboxes of a job
* ``accounts/``  connecting, disconnecting, watches, the health of a tenant
* ``mailbox/``   what all of them do with one mailbox: discover, fetch, pace, lease

Start reading at ``live/mailbox_sync.py``.
"""
