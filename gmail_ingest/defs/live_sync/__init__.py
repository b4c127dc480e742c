"""Live sync: from what waits in the queue to runs that sync, of one tenant or of many.

A tick of ``queue_sensor.py`` looks at the queue (``queue_look.py``) and starts runs of one tenant
(``emails.py``) or of many (``drain.py``).
"""
