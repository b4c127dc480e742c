"""Google's side: Gmail API calls, OAuth tokens, delegation.

Start reading at ``mailbox_client`` (the implementation of the port) and ``gmail`` (which puts the
parts together).
"""
