"""What a rehearsal consists of: how much mail, for how long, and from which seed.

Holds: ``RehearsalOptions`` and the service's tuning. Add here: a choice. Keep out: faults
(``faults``), crashes (``crashes``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from gmail_ingest_lab.demo.plan import DemoOptions

#: With Google's own budget thousands of messages would take many minutes.
_QUOTA_SCALE = 10.0
#: What takes minutes in production takes seconds here; nothing else is different.
TUNING: Mapping[str, object] = {
    "lease_seconds": 5,
    "poll_interval_seconds": 10,
    "request_timeout_seconds": 5.0,
    # Drain runs are to be rehearsed; four tenants would not often need one.
    "drain_flow": 1,
    # So many attempts that a rehearsal's faults never make a dead letter.
    "max_attempts": 30,
    "log_level": "WARNING",
}


@dataclass(frozen=True, slots=True)
class RehearsalOptions:
    """What a person chose: ``minutes`` of disturbance, ``messages`` there before it begins."""

    seed: int = 1
    minutes: float = 5.0
    messages: int = 2000

    def dice(self, purpose: str) -> Random:
        """A random generator for each purpose: how often one is used does not change the others."""
        return Random(f"{self.seed} {purpose}")

    @property
    def demo(self) -> DemoOptions:
        """The same as the demonstration's options."""
        return DemoOptions(
            messages=self.messages,
            pushed=0,
            seed=self.seed,
            quota_scale=_QUOTA_SCALE,
            # All mail shall come by itself, while it is disturbed.
            past_share=0.0,
            connect_within_seconds=0.0,
        )
