"""What the demonstration found, as one JSON object and as an exit code.

Holds: ``Report``. Add here: a finding. Keep out: how it was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gmail_ingest_lab.demo.audit import Audit
from gmail_ingest_lab.demo.counting import OlderMail
from gmail_ingest_lab.demo.latency import percentile


@dataclass(frozen=True, slots=True)
class Report:
    """All findings. ``seconds``: of the whole demonstration; ``unseen``: pushed, never stored;
    ``initial_sync_began``: seconds after connecting, by tenant, None if it never did;
    ``begin_within``: how many that may be, None for any;
    ``proof``: tenants that were compared with Google, and of them those whose check passed.
    """

    tenants: int
    mailboxes: int
    audit: Audit
    unfindable: int
    unseen: int
    older: OlderMail
    initial_sync_began: Mapping[str, float | None]
    begin_within: float | None
    push_seconds: Sequence[float]
    runs: Mapping[str, int]
    proof: Mapping[str, int]
    units: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no mail is missing, doubled, misplaced or unfindable, Dagster's check passed for
        every tenant, and every initial sync began, within the limit if there is one.
        """
        proven = self.proof["compared"] == self.proof["passed"] == self.tenants
        found = self.audit.clean and not self.unfindable and not self.unseen
        return found and proven and self.in_time

    @property
    def in_time(self) -> bool:
        """Whether every tenant's initial sync began, and within the seconds that are allowed."""
        longest = self._longest
        return longest is not None and (self.begin_within is None or longest <= self.begin_within)

    @property
    def _longest(self) -> float | None:
        known = [seconds for seconds in self.initial_sync_began.values() if seconds is not None]
        return max(known) if known and len(known) == len(self.initial_sync_began) else None

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        audit, stored = self.audit, max(1, self.audit.stored)
        return {
            "tenants": self.tenants,
            "mailboxes": self.mailboxes,
            "initialSyncBeganSeconds": {
                **{
                    tenant: _rounded(seconds) for tenant, seconds in self.initial_sync_began.items()
                },
                "max": _rounded(self._longest),
            },
            "atGoogle": audit.at_google,
            "stored": audit.stored,
            "older": {"atGoogle": self.older.at_google, "stored": self.older.stored},
            "missing": audit.missing,
            "doubled": audit.doubled,
            "unknown": audit.unknown,
            "wrongThreads": audit.wrong_threads,
            "wrongLabels": audit.wrong_labels,
            "unfindable": self.unfindable,
            "pushed": len(self.push_seconds) + self.unseen,
            "unseen": self.unseen,
            "pushToRowSeconds": {
                "p50": _rounded(percentile(self.push_seconds, 0.5)),
                "p95": _rounded(percentile(self.push_seconds, 0.95)),
            },
            "runs": dict(self.runs),
            "proof": dict(self.proof),
            "units": self.units,
            "unitsPerMessage": round(self.units / stored, 2),
            "seconds": round(self.seconds, 1),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
