from dataclasses import replace

import pytest

from gmail_ingest_lab.rehearsal.report import Report

CLEAN = Report(
    seed=1,
    injected={"reset": 3},
    crashes={"worker": 1},
    restarts=1,
    messages=10,
    missing=0,
    missing_by_fate={},
    stopped=(),
    doubled=0,
    wrong={"labels": 0, "threads": 0, "texts": 0, "lists": 0, "gone": 0},
    dead=0,
    stuck_jobs=0,
    stuck_leases=0,
    stuck_runs=0,
    seconds=1.26,
)


def test_report_passes_when_nothing_is_amiss():
    """Faults and crashes are no failure: what they leave behind would be."""
    assert CLEAN.passed
    assert CLEAN.to_json() == {
        "seed": 1,
        "injected": {"reset": 3},
        "crashes": {"worker": 1},
        "restarts": 1,
        "messages": 10,
        "missing": 0,
        "missingByFate": {},
        "doubled": 0,
        "wrong": 0,
        "wrongBy": CLEAN.wrong,
        "stoppedMailboxes": [],
        "deadLetters": 0,
        "stuckJobs": 0,
        "stuckLeases": 0,
        "stuckRuns": 0,
        "seconds": 1.3,
    }


@pytest.mark.parametrize(
    "finding",
    [
        {"missing": 1},
        {"doubled": 1},
        {"dead": 1},
        {"stopped": ("suspended",)},
        {"stuck_jobs": 1},
        {"stuck_leases": 1},
        {"stuck_runs": 1},
        *({"wrong": {**CLEAN.wrong, kind: 1}} for kind in CLEAN.wrong),
    ],
)
def test_report_fails_on_any_finding(finding):
    """One message, job or lease amiss is a failed rehearsal."""
    assert not replace(CLEAN, **finding).passed
