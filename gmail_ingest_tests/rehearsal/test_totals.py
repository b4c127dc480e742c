from dataclasses import replace

from gmail_ingest_lab.rehearsal.totals import totals
from gmail_ingest_tests.rehearsal.test_report import CLEAN


def rows_of(table):
    """Cells by the first of their row."""
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {row[0]: row[1] for row in rows}


def test_totals_add_up_what_was_injected_and_found():
    """Faults and crashes are summed by kind, findings in all, and every seed is named."""
    second = replace(
        CLEAN, seed=2, injected={"reset": 4, "html": 1}, crashes={"daemon": 2}, messages=1_000
    )
    found = rows_of(totals([second.to_json(), CLEAN.to_json()]))
    assert found["rehearsals"] == "2 (seeds 1, 2)"
    assert found["messages at Google at the end"] == "1,010"
    assert found["faults that hit a call"] == "**8**: html 1, reset 7"
    assert found["crashes"] == "**3**: daemon 2, worker 1"
    assert found["processes started again"] == "2"
    assert found["longest"] == "1 s with the comparison"


def test_totals_show_every_finding():
    """No finding that makes a rehearsal fail is left out of the table."""
    amiss = replace(
        CLEAN,
        missing=1,
        doubled=2,
        wrong={**CLEAN.wrong, "texts": 3},
        dead=4,
        stuck_jobs=5,
        stuck_leases=6,
        stuck_runs=7,
        stopped=("suspended",) * 8,
    )
    found = rows_of(totals([amiss.to_json()]))
    shown = [int(cell.strip("*")) for name, cell in found.items() if name.startswith("`")]
    assert sorted(shown) == [1, 2, 3, 4, 5, 6, 7, 8]
