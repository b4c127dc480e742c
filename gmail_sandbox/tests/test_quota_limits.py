from __future__ import annotations

import pytest

from gmail_sandbox.clock import Clock
from gmail_sandbox.counters import Counters
from gmail_sandbox.quota import Quota
from gmail_sandbox.settings import Limits
from gmail_sandbox.tests.conftest import await_counters, make_owner
from gmail_sandbox.wire.google_errors import GoogleRefusalError

GET = "gmail.users.messages.get"


class StillClock(Clock):
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1_800_000_000.0

    def now(self) -> float:
        """Return the time it was put to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move it."""
        self.time += seconds


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def counters():
    return Counters()


@pytest.fixture
def make_quota(clock, counters):
    def make(**limits):
        return Quota(Limits(**limits), clock, counters, "677")

    return make


def spend(quota, mailbox="a", method=GET):
    """Charge calls until one is refused; return how many passed, and the refusal."""
    passed = 0
    while True:
        try:
            quota.charge(mailbox, method)
        except GoogleRefusalError as refusal:
            return passed, refusal
        passed += 1


def test_quota_of_a_user_is_a_sliding_minute(make_quota, clock, counters):
    """A mailbox has 6,000 units in any minute, and refused calls cost nothing (edge case 30)."""
    quota = make_quota()
    passed, refusal = spend(quota)
    assert (passed, refusal.name, refusal.blanks["limit"]) == (300, "user_quota_exceeded", "6000")
    clock.advance(59.9)
    assert spend(quota)[0] == 0
    clock.advance(0.2)
    assert spend(quota)[0] == 300
    assert counters.units["a"] == 12_000


def test_quota_window_slides_by_each_call(make_quota, clock):
    """Units come back one minute after they were spent, not all at once."""
    quota = make_quota(user_per_minute=60)
    for _ in range(3):
        quota.charge("a", GET)
        clock.advance(10)
    clock.advance(30.1)
    assert spend(quota)[0] == 1


def test_quota_of_the_project_is_shared(make_quota):
    """All mailboxes together are held to the project's minute."""
    quota = make_quota(project_per_minute=100)
    assert spend(quota, "a")[0] == 5
    passed, refusal = spend(quota, "b")
    assert (passed, refusal.name) == (0, "project_quota_exceeded")


def test_quota_of_the_day_ends_at_pacific_midnight(make_quota, clock):
    """The daily limit holds until midnight in California."""
    clock.time = 1_800_000_000.0 // 86_400 * 86_400 + 7.9 * 3_600
    quota = make_quota(project_per_day=40)
    passed, refusal = spend(quota)
    assert (passed, refusal.name) == (2, "daily_limit_exceeded")
    clock.advance(3_600)
    assert spend(quota)[0] == 2


def test_quota_can_be_off(make_quota):
    """Without limits nothing is refused, and units are still counted."""
    quota = make_quota(user_per_minute=None, project_per_minute=None, concurrent_per_user=None)
    for _ in range(2_000):
        quota.enter("a")
        quota.charge("a", GET)


def test_quota_prices_follow_googles_table(owner):
    """Each method costs what Google's table says, whatever it answers."""
    message = owner.deliver()
    start = owner.get("profile").json()["historyId"]
    prices = {
        "profile": 1,
        "labels": 1,
        "labels/INBOX": 1,
        "messages": 5,
        f"messages/{message}": 20,
        "messages/0123456789abcdef": 20,
        f"messages/{message}/attachments/x": 20,
        "threads": 10,
        f"threads/{message}": 40,
        f"history?startHistoryId={start}": 2,
    }
    for path, units in prices.items():
        owner.http.admin("POST", "counters/reset")
        owner.get(path)
        assert owner.http.admin("GET", "counters")["units"]["total"] == units, path
    owner.http.admin("POST", "counters/reset")
    owner.post("watch", {"topicName": "projects/sandbox-project/topics/gmail-push"})
    owner.post("stop", {})
    assert owner.http.admin("GET", "counters")["units"]["byMailbox"] == {owner.address: 150}


def test_quota_refusal_has_googles_body(make_sandbox, connect):
    """The refusal of a mailbox over its quota is Google's, down to the metadata."""
    owner = make_owner(connect(make_sandbox(Limits(user_per_minute=1))))
    owner.get("profile")
    reply = owner.get("profile")
    error = reply.json()["error"]
    assert (reply.status, reply.reason, error["status"]) == (
        403,
        "rateLimitExceeded",
        "PERMISSION_DENIED",
    )
    assert error["message"] == (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of "
        "service 'gmail.googleapis.com' for consumer 'project_number:677000000001'."
    )
    assert error["details"][0]["metadata"]["quota_limit"] == "defaultPerMinutePerUser"
    assert error["details"][0]["metadata"]["quota_limit_value"] == "1"
    counters = owner.http.admin("GET", "counters")
    assert counters["rejections"] == {"user_quota_exceeded": 1}
    assert counters["calls"]["gmail.users.getProfile"] == 2
    assert counters["units"]["total"] == 1


def test_concurrency_is_limited_per_user(sandbox, owner, connect):
    """Calls in flight above the limit are 429, of this mailbox only; the peak is counted."""
    other = make_owner(owner.http, "lee@crm.test")
    owner.http.admin("POST", "limits", {"concurrentPerUser": 2})
    rule = {"action": "latency", "latencyMs": 3_600_000, "times": 2, "mailbox": owner.address}
    owner.http.admin("POST", "faults", rule)
    for count in (1, 2):
        waiting = connect(sandbox).connection
        waiting.putrequest("GET", "/gmail/v1/users/me/profile")
        waiting.putheader("authorization", f"Bearer {owner.tokens['accessToken']}")
        waiting.endheaders()
        held = {owner.address: count}
        await_counters(owner.http, lambda counters, held=held: counters["inFlight"] == held)
    refused = owner.get("profile")
    assert (refused.status, refused.json()["error"]["message"]) == (
        429,
        "Too many concurrent requests for user",
    )
    assert other.get("profile").status == 200
    counters = owner.http.admin("GET", "counters")
    assert counters["inFlight"] == {owner.address: 2}
    assert counters["peakInFlight"][owner.address] == 2
    assert counters["rejections"] == {"too_many_concurrent": 1}
