"""All calendar files of the set.

Holds: ``CASES``, each with its kind, so that figures by kind can be given.
Add here: another module of cases. Keep out: the cases themselves.
Source: the neighbours ``calendar_files.py``, ``odd.py``, ``programs.py`` and ``times.py``.
"""

from __future__ import annotations

from typing import Final

from gmail_ingest_tests.core.invitations.odd import BROKEN, SCRIPTS, SEVERAL
from gmail_ingest_tests.core.invitations.programs import METHODS, PROGRAMS
from gmail_ingest_tests.core.invitations.times import REPETITIONS, TIMES

CASES: Final = (*PROGRAMS, *METHODS, *TIMES, *REPETITIONS, *BROKEN, *SEVERAL, *SCRIPTS)
