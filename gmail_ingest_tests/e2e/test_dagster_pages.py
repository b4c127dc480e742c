"""What a data engineer sees of history in Dagster's UI, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest_tests.browser.dagster_pages import CHROMIUM, TIMEOUT_MS, open_pages

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
]

SALES = "sales@acme.example"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def backfill(crm):
    """A backfill of two months whose job has ended; Dagster's daemon may see that later."""
    crm.google("POST", "mailboxes", {"address": SALES, "messages": 40, "spanDays": 200})
    crm.connect("acme", SALES)
    end = (NOW - timedelta(days=60)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = (end - timedelta(days=40)).replace(day=1)
    body = {"startDate": start.isoformat(), "endDate": end.isoformat()}
    job = crm.api("POST", "sync/acme/historical", body)["jobId"]

    def state():
        return crm.api("GET", f"sync/acme/jobs/{job}")

    crm.until(lambda: state()["state"] == "succeeded", "the job's end")
    return state()


def test_dagster_ui_shows_the_backfill_and_its_partitions(crm, backfill):
    """The list of backfills, the page of one, and the partition map show what a job has done, and
    no page fails.
    """
    shown, months = backfill["dagsterBackfillId"], backfill["progress"]["monthsTotal"]
    with open_pages(crm.addresses.dagster) as pages:
        listed = pages.backfills()
        assert listed.get_by_text(shown).first.is_visible()
        assert listed.get_by_text(f"{months} partitions").first.is_visible()
        one = pages.backfill(shown)
        assert one.get_by_text("emails_by_month").filter(visible=True).count() > 0
        partitions = pages.partitions()
        partitions.get_by_text(f"Materialized ({months})").wait_for(timeout=TIMEOUT_MS)
        assert partitions.get_by_text("acme").filter(visible=True).count() > 0
        assert partitions.get_by_text("Failed (0)").is_visible()
        assert pages.errors == []
