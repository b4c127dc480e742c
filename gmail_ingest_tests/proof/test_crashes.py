"""A worker is killed at a statement boundary; the next one finishes its work by itself."""

from __future__ import annotations

import itertools
import os

import pytest

from gmail_ingest_tests.proof.comparison import differences
from gmail_ingest_tests.proof.mailbox_life import Event, Life

#: Every boundary in a soak, a share of them otherwise: a share is a different one in each scenario.
STRIDE = int(os.environ.get("GMAIL_INGEST_CRASH_STRIDE", "8"))
SCENARIOS = ("initial", "incremental", "expired")

MAIL_BEFORE = [Event("deliver", pick) for pick in (6, 6, 1, 2, 4)] + [
    Event("reply", 0),
    Event("reply", 0),
    Event("autosave", 0),
]
CHANGES = [
    Event("deliver", 6),
    Event("reply", 1),
    Event("star", 0),
    Event("trash", 1),
    Event("delete", 2),
    Event("autosave", 1),
    Event("send draft", 0),
    Event("archive on arrival", 6),
    Event("unspam", 0),
]
ARRIVALS = [Event("deliver", pick) for pick in (6, 1, 2, 7)]

_numbers = itertools.count(1)


class Victim:
    """A tenant with one mailbox, whose worker is to be killed."""

    def __init__(self, deployment, scenario):
        number = next(_numbers)
        self.deployment = deployment
        self.tenant, self.address = f"victim{number}", f"victim{number}@example.com"
        self.life = Life(self.address)
        self.mailbox_id = deployment.run(deployment.connect(self.tenant, self.address))
        self.happen(MAIL_BEFORE)
        if scenario != "initial":
            deployment.run(deployment.settle(self.tenant))
            self.happen(CHANGES if scenario == "incremental" else ARRIVALS)
            if scenario == "expired":
                deployment.at_google(self.address, lambda box: box.expire_history())
            deployment.run(deployment.enqueue(self.tenant, "incremental"))

    def happen(self, events):
        """Let events happen at Google."""
        self.deployment.at_google(self.address, lambda box: self.life.happen(box, events))

    def recovers(self):
        """Whether the next worker finishes everything; says what is wrong otherwise."""
        run, deployment = self.deployment.run, self.deployment
        run(deployment.settle(self.tenant))
        box = deployment.at_google(self.address, lambda box: box)
        texts = self.life.texts
        found = run(differences(deployment, self.tenant, self.mailbox_id, box, texts))
        assert found == [], found
        return True


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_worker_leaves_nothing_to_repair(deployment, worker, scenario):
    """A worker killed before its n-th exchange with Postgres, for each n, loses nothing, doubles
    nothing and blocks nobody: its lease and claim end by themselves (edge case 68).
    """
    first = 1 + SCENARIOS.index(scenario) % STRIDE
    victims = []
    for number in itertools.count(first, STRIDE):
        victims.append(Victim(deployment, scenario))
        if worker(victims[-1].tenant, number) != "killed":
            break
    assert len(victims) > 40 // STRIDE
    assert all(victim.recovers() for victim in victims)


def test_worker_killed_again_while_it_recovers_leaves_nothing_to_repair(deployment, worker):
    """Workers that are killed one after the other, each a little later, end with everything
    stored (edge case 68).
    """
    victim = Victim(deployment, "initial")
    for number in range(8, 60, 13):
        worker(victim.tenant, number)
    assert victim.recovers()
