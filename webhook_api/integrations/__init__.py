"""/api/integrations: connect mailboxes, look at a tenant, disconnect."""
