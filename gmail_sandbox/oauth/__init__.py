"""Who may do what: issued tokens, service accounts, signatures and certificates."""
