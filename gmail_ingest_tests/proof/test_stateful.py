"""Whatever happens to a mailbox, and whatever disturbs its syncs, both sides end up equal."""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy.exc import SQLAlchemyError

from gmail_ingest.sync.accounts.credentials import SCOPE
from gmail_ingest_lab.rehearsal.permissions import LEFT
from gmail_ingest_tests.proof.comparison import differences
from gmail_ingest_tests.proof.interruptions import (
    after_call,
    at_exchange,
    cancelling,
    doing,
    lose_answer,
    lose_request,
)
from gmail_ingest_tests.proof.mailbox_life import KINDS, Event, Life

#: Lives to go through; a soak takes hundreds.
EXAMPLES = int(os.environ.get("GMAIL_INGEST_PROOF_EXAMPLES", "25"))

_numbers = itertools.count(1)

events = st.lists(
    st.builds(Event, st.sampled_from(KINDS), st.integers(0, 11)), min_size=1, max_size=8
)
#: Where something happens in the middle of a sync: before an exchange with Postgres, or after a
#: call of Gmail was answered.
PLACES = {
    "exchange": lambda number, work: at_exchange(number, doing(work)),
    "call": after_call,
}
places = st.sampled_from(list(PLACES))
#: How a worker breaks off, and what it may end with then.
WAYS = {
    "cancel": lambda task: cancelling(lambda: task),
    "request": lambda _: lose_request,
    "answer": lambda _: lose_answer,
}
BROKEN_OFF = (asyncio.CancelledError, psycopg.Error, SQLAlchemyError, OSError)
#: Between an answer of Google and its commit lie the answers of its whole batch: with a slow Google
#: and large batches that is long enough for history to overtake what was fetched.
paces = st.fixed_dictionaries({"slow": st.booleans(), "batch": st.sampled_from([50, 3])})

_READS = ("messages.get", "threads.get", "history.list", "messages.list", "*")
_ERRORS = (
    "backend_error",
    "unavailable",
    "bad_gateway",
    "too_many_concurrent",
    "user_rate_limit_exceeded",
    "user_quota_exceeded",
    "retry_after",
    "resource_exhausted",
)


def _rule(method, **more):
    how = st.one_of(
        st.fixed_dictionaries({"every": st.integers(1, 3), "times": st.integers(1, 4)}),
        st.fixed_dictionaries(
            {"probability": st.sampled_from([0.5, 0.2]), "seed": st.integers(0, 9)}
        ),
    )
    known = {"method": method, "retry_after_seconds": st.just(0.2)}
    what = st.fixed_dictionaries(known | more)
    return st.builds(lambda a, b: a | b, what, how)


def _few(method, **more):
    """For faults that a sync must not meet without end."""
    return st.fixed_dictionaries({"method": st.just(method), "times": st.integers(1, 2)} | more)


gmail = st.sampled_from([f"gmail.users.{name}" for name in _READS])
faults = st.one_of(
    _rule(gmail, action=st.just("error"), error=st.sampled_from(_ERRORS)),
    _rule(gmail, action=st.sampled_from(["reset", "truncate", "html"])),
    _rule(st.just("oauth2.token"), action=st.just("error"), error=st.just("internal_failure")),
    _few("gmail.users.*.list", action=st.just("error"), error=st.just("invalid_page_token")),
    _few("gmail.users.*.list", action=st.just("emptyPage")),
    # Google's replication: an id that history named is not there yet (edge case 13). Once only:
    # a message that is missing again and again is gone.
    _few("gmail.users.messages.get", action=st.just("error"), error=st.just("not_found")).map(
        lambda rule: rule | {"times": 1}
    ),
    _few("gmail.users.messages.get", action=st.just("latency"), latency_ms=st.just(400.0)),
)


class SyncedMailbox(RuleBasedStateMachine):
    """One connected mailbox, from its first mail on."""

    deployment = None

    def __init__(self):
        super().__init__()
        number = next(_numbers)
        self.tenant, self.address = f"tenant{number}", f"owner{number}@example.com"
        self.life = Life(self.address)
        self.mailbox_id = self.deployment.run(self.deployment.connect(self.tenant, self.address))
        #: Mailboxes of accounts that are no more, with the mail that was stored of each.
        self.former = {}
        self.names = itertools.count(1)

    def happen(self, happening):
        """Let events happen at Google."""
        self.deployment.at_google(self.address, lambda box: self.life.happen(box, happening))

    def stored(self):
        """The ids that are stored of the mailbox, and those of them that Google has."""
        ids = {row[0] for row in self.deployment.run(self.deployment.emails(self.mailbox_id))}
        return ids, ids & self.deployment.at_google(
            self.address, lambda box: set(box.message_ids())
        )

    def follow(self):
        """Look which mailbox lives: where history went back and none of the stored mail is there
        any more, nobody can tell the account from another one, and it got a new mailbox.
        """
        living = self.deployment.run(self.deployment.living(self.tenant))
        if living != self.mailbox_id:
            stored, there = self.stored()
            assert stored
            assert not there
            emails = self.deployment.run(self.deployment.emails(self.mailbox_id))
            self.former[self.mailbox_id], self.mailbox_id = emails, living

    @initialize(picks=st.lists(st.integers(0, 11), min_size=6, max_size=20))
    def mail_before(self, picks):
        """There is mail already, of which every third is a reply."""
        self.happen([Event("deliver" if pick % 3 else "reply", pick) for pick in picks])

    @rule(happening=events)
    def at_google(self, happening):
        """Mail arrives, changes, goes."""
        self.happen(happening)

    @rule()
    def token_ends(self):
        """The access token ends early."""
        self.deployment.expire_token(self.address)

    @rule(
        kinds=st.lists(st.sampled_from(["incremental", "initial"]), min_size=1, max_size=2),
        force=st.booleans(),
        workers=st.integers(1, 2),
        injected=st.lists(faults, max_size=3, unique_by=lambda rule: rule.get("error")),
        meanwhile=st.lists(
            st.tuples(places, st.integers(1, 40), events, st.booleans()), max_size=3
        ),
        pace=paces,
        crash=st.one_of(st.none(), st.tuples(st.integers(1, 60), st.sampled_from(list(WAYS)))),
    )
    def sync(self, kinds, force, workers, injected, meanwhile, pace, crash):
        """Workers sync while Google changes and fails, and one of them may break off."""
        deployment = self.deployment
        for fault in injected:
            deployment.fault(**fault)
        if pace["slow"]:
            deployment.fault(method="gmail.users.*.get", action="latency", latencyMs=15)
        policy = replace(deployment.policy, batch_messages=pace["batch"])
        work = self.work(kinds, force, workers, meanwhile, policy, crash)
        for outcome in deployment.run(work):
            if isinstance(outcome, BaseException):
                event(f"a worker ended by {type(outcome).__name__}")
                assert crash is not None, repr(outcome)
                assert isinstance(outcome, BROKEN_OFF), repr(outcome)
        deployment.clear_faults()

    async def work(self, kinds, force, workers, meanwhile, policy, crash):
        """Let workers sync, and one more for each change that Google pushes (it drops what comes
        within a second of another); how each ended.
        """
        deployment = self.deployment
        for kind in kinds:
            await deployment.enqueue(self.tenant, kind, force=force)
        tasks = [
            asyncio.create_task(deployment.sync(self.tenant, policy=policy)) for _ in range(workers)
        ]

        def change(happening, is_pushed):
            self.happen(happening)
            if is_pushed:
                tasks.append(asyncio.create_task(deployment.pushed(self.tenant, policy)))

        with ExitStack() as stack:
            for place, number, happening, is_pushed in meanwhile:
                stack.enter_context(PLACES[place](number, partial(change, happening, is_pushed)))
            if crash is not None:
                stack.enter_context(at_exchange(crash[0], WAYS[crash[1]](tasks[0])))
            while under_way := {task for task in tasks if not task.done()}:
                await asyncio.wait(under_way)
        return await asyncio.gather(*tasks, return_exceptions=True)

    @rule(happening=events)
    def history_expires(self, happening):
        """Google forgets what happened, of which some was not yet asked for."""
        self.happen(happening)
        self.deployment.at_google(self.address, lambda box: box.expire_history())

    @rule(how=st.sampled_from(["renamed", "renamed and noticed", "made anew"]), happening=events)
    def account_changes(self, how, happening):
        """The account gets another address, or another account gets the address and is connected;
        the former's mail stays as it is.
        """
        deployment = self.deployment
        if how == "made anew":
            # An account whose new name nobody noticed would be found under none of its names.
            deployment.run(deployment.renew(self.tenant))
            self.follow()
            deployment.recreate(self.address)
            self.happen(happening)
            stored = deployment.run(deployment.emails(self.mailbox_id))
            successor = deployment.run(deployment.reconnect(self.tenant, self.address))
            assert (successor != self.mailbox_id) == bool(stored)
            if stored:
                self.former[self.mailbox_id] = stored
            self.mailbox_id = successor
        else:
            new = f"{self.tenant}.{next(self.names)}@example.com"
            deployment.rename(self.address, new)
            self.address = new
            self.happen(happening)
            if how == "renamed and noticed":
                deployment.run(deployment.renew(self.tenant))

    @rule(happening=events, left=st.sampled_from(LEFT), crowd=st.booleans())
    def permission_goes(self, happening, left, crowd):
        """The owner takes the permission to read away, a sync comes across that, and the owner
        consents again.
        """
        deployment = self.deployment
        # A new name that nobody noticed would be recognised by stored mail, which may be gone.
        deployment.run(deployment.renew(self.tenant))
        deployment.rescope(self.address, *left)
        self.happen(happening * 4 if crowd else happening)
        deployment.run(deployment.enqueue(self.tenant, "incremental"))
        deployment.run(deployment.sync(self.tenant))
        deployment.rescope(self.address, SCOPE)
        deployment.run(deployment.reconnect(self.tenant, self.address))

    def teardown(self):
        """Nothing disturbs any more: both sides become equal, with no manual step."""
        self.deployment.clear_faults()
        self.deployment.run(self.deployment.renew(self.tenant))
        assert self.deployment.run(self.deployment.addresses(self.tenant)) == [self.address]
        self.deployment.run(self.deployment.settle(self.tenant))
        self.follow()
        for former, stored in self.former.items():
            assert self.deployment.run(self.deployment.emails(former)) == stored
        if self.life.has_unreported_change:
            self.deployment.run(self.deployment.verify(self.tenant))
        box = self.deployment.at_google(self.address, lambda box: box)
        found = self.deployment.run(
            differences(self.deployment, self.tenant, self.mailbox_id, box, self.life.texts)
        )
        assert found == []


@pytest.fixture
def machine(deployment):
    """The state machine on a deployment."""
    SyncedMailbox.deployment = deployment
    return SyncedMailbox


def test_stored_mailbox_equals_googles_after_any_life(machine):
    """After random mail, changes, syncs, faults and crashes, ids, labels, threads and texts are
    those of the sandbox, nothing is pending, and no job or lease is stuck (edge cases 1, 3 to 8,
    11 to 16, 28, 34, 40, 62, 74, 90 to 92); the mail of accounts that were made anew stays.
    """
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=10,
            deadline=None,
            # Continuous integration lives the same lives each time, a soak others.
            derandomize="GMAIL_INGEST_PROOF_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
