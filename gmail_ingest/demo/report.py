"""What the demonstration found, as one JSON object and as an exit code.

Holds: ``Report``. Add here: a finding. Keep out: how it was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gmail_ingest.demo.audit import Audit
from gmail_ingest.demo.latency import percentile


@dataclass(frozen=True, slots=True)
class Report:
    """All findings. ``seconds``: of the whole demonstration; ``unseen``: pushed, never stored;
    ``proof``: tenants that were compared with Google, and of them those whose check passed.
    """

    tenants: int
    mailboxes: int
    audit: Audit
    unfindable: int
    unseen: int
    push_seconds: Sequence[float]
    runs: Mapping[str, int]
    proof: Mapping[str, int]
    units: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no mail is missing, doubled, in a wrong place, or not to be found."""
        return self.audit.clean and not self.unfindable and not self.unseen

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        audit, stored = self.audit, max(1, self.audit.stored)
        return {
            "tenants": self.tenants,
            "mailboxes": self.mailboxes,
            "atGoogle": audit.at_google,
            "stored": audit.stored,
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
