"""Who is connected: connecting, disconnecting, credentials, watches, the health of mailboxes."""
