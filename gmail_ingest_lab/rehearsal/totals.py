"""The totals of many rehearsals, as a table for people.

Holds: ``totals``, pure, and a program that reads the objects that ``rehearse --json`` printed, one
on each line of standard input. Keep out: rehearsing (``rehearsal``), one report (``report``).

    python -m gmail_ingest_lab.rehearsal.totals < reports.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: What must be zero, as ``Report.to_json`` names it.
_FINDINGS = ("missing", "doubled", "wrong", "deadLetters", "stuckJobs", "stuckLeases", "stuckRuns")


def totals(reports: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of what all rehearsals injected and found together."""
    faults, crashes = Counter[str](), Counter[str]()
    for report in reports:
        faults.update(report["injected"])
        crashes.update(report["crashes"])
    found = {name: sum(report[name] for report in reports) for name in _FINDINGS}
    found["stoppedMailboxes"] = sum(len(report["stoppedMailboxes"]) for report in reports)
    rows = [
        ("rehearsals", f"{len(reports)} (seeds {_seeds(reports)})"),
        ("messages at Google at the end", f"{_sum(reports, 'messages'):,}"),
        ("faults that hit a call", _listed(faults)),
        ("crashes", _listed(crashes)),
        ("processes started again", f"{_sum(reports, 'restarts'):,}"),
        ("longest", f"{max(report['seconds'] for report in reports):.0f} s with the comparison"),
        *((f"`{name}`", f"**{count}**") for name, count in found.items()),
    ]
    return "\n".join(["| in all | |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)])


def _sum(reports: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(report[name] for report in reports)


def _seeds(reports: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(str(seed) for seed in sorted(report["seed"] for report in reports))


def _listed(counts: Counter[str]) -> str:
    kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    return f"**{counts.total():,}**: {kinds}"


def main() -> None:
    """Print the table of the reports on standard input."""
    reports = [json.loads(line) for line in sys.stdin if line.strip()]
    sys.stdout.write(f"{totals(reports)}\n")


if __name__ == "__main__":
    main()
