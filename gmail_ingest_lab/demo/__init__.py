"""The demonstration: the whole service on one machine, against the sandbox, and its audit.

It drives the service as customers do, through the sidecar's HTTP API, and Google through the
sandbox's admin API; it reads Postgres only to compare what is there with what Google has.
"""
