"""Google's price list: what each call costs in quota units.

Holds: the prices as one frozen dataclass. Add here: the price of a further method.
Keep out: budgets and limiting (they are state).
Source: google-facts section 1 (the table of 2026-05-01).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """Quota units per call; they change, so settings may override each."""

    messages_get: int = 20
    attachments_get: int = 20
    threads_get: int = 40
    messages_list: int = 5
    history_list: int = 2
    labels_list: int = 1
    profile_get: int = 1
    send_as_list: int = 1
    watch: int = 100
    stop: int = 50
