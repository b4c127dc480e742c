"""A local Google: Gmail, OAuth and Pub/Sub over HTTP, for whoever writes against Gmail.

This package imports nothing here. Rooms, from the inside out (a room may import those named before
it, never those after):

* ``wire``      HTTP on a socket, and Google's refusals word for word
* ``faults``, ``quota``, ``forms`` what fails on demand, Google's limits, forms not known of Gmail
* ``mail``      mail as bytes: MIME, headers, charsets, mbox files, Gmail's payload of it
* ``account``   one account: messages, threads, labels, history, attachments, search
* ``oauth``     issued tokens, service accounts, signatures, certificates
* ``seeded``    invented mail, the same for the same seed
* ``push``      watches, and the delivery of notifications
* ``state``     all that one sandbox remembers, put together
* ``api``       Google's own calls, at Google's own paths
* ``admin``     the calls under ``/sandbox`` that move it
* ``app``, ``server``  one function from a request to its answer; a server in a loop or a thread

Start it with ``server.Sandbox``, or as ``gmail-sandbox``. Start reading at ``app``.
"""

__version__ = "0.1.0"
