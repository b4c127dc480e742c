"""A local Google: Gmail, OAuth and Pub/Sub over HTTP, for demos, tests and rehearsals."""
