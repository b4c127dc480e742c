"""The composition root: which adapter serves which port, by the settings.

* ``stores``     what needs the mail's database alone
* ``use_cases``  what needs Google, too
* ``keys``       the encryption keys

Add here: a member when a port gets an adapter, or a use case a caller. Keep out: anything but
construction; reading the environment (callers hand Settings in).
"""
