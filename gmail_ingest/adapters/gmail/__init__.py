"""Google's side: Gmail API calls, OAuth tokens, delegation.

Start reading at ``mailbox_client`` (the port's implementation) and ``gmail`` (how the pieces are
joined).
"""
