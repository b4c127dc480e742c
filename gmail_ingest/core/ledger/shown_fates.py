"""The words by which the API, the command line and Dagster show fates.

Holds: ``ShownFate``, ``shown_fate``, ``shown_name``, ``shown_counts``.
Add here: the shown word of a new fate. Keep out: what fates mean (``fates.py``), sentences
(``sync/audit/why_text.py``).

Words that a CRM has once been shown do not change: hidden and left-out mail are both ``excluded``
there; the rule that is named with them tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar, assert_never

from gmail_ingest.core.ledger.fates import FATES, Fate

Name = TypeVar("Name", bound=str)
Number = TypeVar("Number", int, float)

ShownFate = Literal["pending", "stored", "excluded", "gone", "dead"]
#: The key under which hidden and left-out mail is counted together.
EXCLUDED = "excluded"


def shown_fate(fate: Fate) -> ShownFate:
    """The word for a fate."""
    match fate:
        case "hidden" | "left_out":
            return "excluded"
        case "pending" | "stored" | "gone" | "dead":
            return fate
        case _:
            assert_never(fate)


_SHOWN: Mapping[str, str] = {fate: shown_fate(fate) for fate in FATES}


def shown_name(name: str) -> str:
    """The word for what has the name of a fate; any other name stays."""
    return _SHOWN.get(name, name)


def shown_counts(counts: Mapping[Name, Number]) -> dict[str, Number]:
    """Counts of messages by name, with hidden and left-out ones as one count.

    Args:
        counts: by fate, or by the names of ``Counts`` (``sync/mailbox/records.py``).
    """
    shown: dict[str, Number] = {}
    for name, count in counts.items():
        key = shown_name(name)
        shown[key] = shown[key] + count if key in shown else count
    return shown
