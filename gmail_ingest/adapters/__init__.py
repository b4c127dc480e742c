"""Implementations of the ports of ``sync``; no adapter imports another.

* ``gmail/``     Google's API and tokens, and what its refusals mean
* ``postgres/``  tables, migrations, and all SQL
* ``crypto/``    encryption of stored credentials
* ``secrets/``   where the encryption key comes from
"""
