"""A local Google: Gmail, OAuth and Pub/Sub over HTTP, for whoever writes against Gmail.

This package imports nothing here; start it with ``server.Sandbox``, or as ``gmail-sandbox``.
"""

__version__ = "0.1.0"
