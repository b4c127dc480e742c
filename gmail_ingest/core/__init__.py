"""Pure functions: no I/O, no framework, no clock.

* ``mail/``        a Gmail payload to what a person would say of the mail
* ``ledger/``      fates of messages, records of history, windows, months
* ``quota/``       prices of calls, and the cheapest plan of a fetch
* ``exclusions/``  which stored mail a tenant's rules hide
"""
