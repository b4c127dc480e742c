"""The local Google as a process beside those of the service.

Holds: ``sandbox_process``. Keep out: the service's own
(``gmail_ingest/local/process_commands.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from gmail_ingest.local.process import ProcessSpec


def sandbox_process(environment: Mapping[str, str], *arguments: str) -> ProcessSpec:
    """The sandbox with these arguments."""
    return ProcessSpec("sandbox", (sys.executable, "-m", "gmail_sandbox", *arguments), environment)
