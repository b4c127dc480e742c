"""Google's side: Gmail API calls, OAuth tokens, delegation.

Start reading at ``source`` (the port's implementation) and ``client`` (how the pieces are joined).
"""
