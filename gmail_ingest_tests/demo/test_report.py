from dataclasses import replace

import pytest

from gmail_ingest_lab.demo.audit import Audit
from gmail_ingest_lab.demo.counting import OlderMail
from gmail_ingest_lab.demo.report import Report

CLEAN = Audit(
    at_google=9, stored=9, missing=0, doubled=0, unknown=0, wrong_threads=0, wrong_labels=0
)


def report(began, begin_within=None):
    """The report of a demonstration in which nothing else went wrong."""
    return Report(
        tenants=len(began),
        mailboxes=4,
        audit=CLEAN,
        unfindable=0,
        unseen=0,
        older=OlderMail(5, 0),
        initial_sync_began=began,
        begin_within=begin_within,
        push_seconds=(0.2,),
        runs={},
        proof={"compared": len(began), "passed": len(began)},
        units=90,
        seconds=1.0,
    )


def test_report_tells_how_soon_each_initial_sync_began():
    """Each tenant's seconds are there, and the longest of them."""
    found = report({"acme": 1.25, "globex": 3.5}).to_json()
    assert found["initialSyncBeganSeconds"] == {"acme": 1.25, "globex": 3.5, "max": 3.5}
    assert found["older"] == {"atGoogle": 5, "stored": 0}


@pytest.mark.parametrize(
    ("began", "begin_within", "passed"),
    [
        ({"acme": 9.9, "globex": 1.0}, 10.0, True),
        ({"acme": 10.1, "globex": 1.0}, 10.0, False),
        ({"acme": 99.0}, None, True),
        ({"acme": None}, None, False),
        ({"acme": None, "globex": 1.0}, 10.0, False),
    ],
)
def test_report_judges_how_soon_only_where_a_limit_was_given(began, begin_within, passed):
    """Late is a failure where somebody asked for it; never is one always."""
    found = report(began, begin_within)
    assert found.passed is passed
    if None in began.values():
        assert found.to_json()["initialSyncBeganSeconds"]["max"] is None


def test_report_judges_the_proof():
    """A check that failed for a tenant fails the demonstration."""
    began = {"acme": 1.0, "globex": 2.0}
    assert report(began).passed
    assert not replace(report(began), proof={"compared": 2, "passed": 1}).passed
    assert not replace(report(began), proof={"compared": 1, "passed": 1}).passed
