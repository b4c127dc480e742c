"""What a rehearsal found, as one JSON object and as an exit code.

Holds: ``Report``. Add here: a finding. Keep out: how it was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """All findings. ``messages``: in scope at Google at the end; ``seconds``: of everything.

    ``wrong`` counts by what is wrong: labels, threads, texts, what lists filter by, and rows of
    messages that Google no longer has. ``stopped``: the state of mailboxes that are no longer
    synced. ``stuck_runs``: runs that are started in Dagster and that no process executes.
    """

    seed: int
    injected: Mapping[str, int]
    crashes: Mapping[str, int]
    restarts: int
    messages: int
    missing: int
    missing_by_fate: Mapping[str, int]
    stopped: Sequence[str]
    doubled: int
    wrong: Mapping[str, int]
    dead: int
    stuck_jobs: int
    stuck_leases: int
    stuck_runs: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing is missing, doubled, wrong, given up or stuck."""
        stuck = (self.stuck_jobs, self.stuck_leases, self.stuck_runs)
        found = (self.missing, self.doubled, self.dead, *stuck, *self.wrong.values())
        return not any(found) and not self.stopped

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return {
            "seed": self.seed,
            "injected": dict(sorted(self.injected.items())),
            "crashes": dict(sorted(self.crashes.items())),
            "restarts": self.restarts,
            "messages": self.messages,
            "missing": self.missing,
            "missingByFate": dict(self.missing_by_fate),
            "doubled": self.doubled,
            "wrong": sum(self.wrong.values()),
            "wrongBy": dict(self.wrong),
            "stoppedMailboxes": list(self.stopped),
            "deadLetters": self.dead,
            "stuckJobs": self.stuck_jobs,
            "stuckLeases": self.stuck_leases,
            "stuckRuns": self.stuck_runs,
            "seconds": round(self.seconds, 1),
        }
