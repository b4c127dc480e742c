from random import Random

import pytest
import requests

from gmail_ingest.local.sidecar_api import SidecarError
from gmail_ingest_lab.demo.plan import MAILBOXES
from gmail_ingest_lab.rehearsal.faults import Fault
from gmail_ingest_lab.rehearsal.google import FaultySandbox
from gmail_ingest_lab.rehearsal.mailboxes import MailboxChanges
from gmail_ingest_lab.rehearsal.permissions import OWNED, Permissions
from gmail_sandbox.server import Sandbox


@pytest.fixture
def sandbox():
    """A sandbox with the demonstration's mailboxes."""
    with Sandbox.in_thread() as thread:
        google = FaultySandbox(thread.url)
        for address in MAILBOXES:
            google.create_mailbox(address, messages=10)
        yield google


def test_mailbox_changes_make_everything_happen(sandbox):
    """Mail arrives, is deleted, labelled, thrown away and taken back, and drafts are sent."""
    before = {message.message_id for box in MAILBOXES for message in sandbox.messages(box)}
    changes = MailboxChanges(sandbox, Random(5))
    for _ in range(80):
        changes.change_one()
    now = {message.message_id: message for box in MAILBOXES for message in sandbox.messages(box)}
    labels = {label for message in now.values() for label in message.labels}
    assert len(now) > len(before) + 100
    assert before - now.keys()
    assert {"DRAFT", "SENT", "SPAM", "TRASH", "STARRED", "CATEGORY_FORUMS"} <= labels
    assert any(label.startswith("Label_") for label in labels)


def test_labels_are_deleted_for_good(sandbox):
    """A deleted label is off its mail (case 12)."""
    address = MAILBOXES[0]
    label = sandbox.create_label(address, "Deals")
    message = next(sandbox.messages(address))
    sandbox.modify(address, message.message_id, add=(label,), remove=())
    sandbox.delete_label(address, label)
    assert all(label not in message.labels for message in sandbox.messages(address))


def test_suppressed_notifications_are_counted():
    """Of mails that come within a second of the first one none is notified of."""
    address = MAILBOXES[0]
    with Sandbox.in_thread() as thread:
        google = FaultySandbox(thread.url)
        google.create_mailbox(address)
        thread.call(
            lambda state: state.watches.begin(
                state.accounts[address].mailbox, state.settings.watch_topic
            )
        )
        for seed in range(3):
            google.deliver(address, count=1, seed=seed)
        assert google.suppressed() == 3


def test_permission_is_taken_away_and_given_back(sandbox):
    """One mailbox at a time cannot be read, until its owner's consent succeeds (case 19)."""
    refusals = [SidecarError(503, "not now")]
    consents = []

    def reconnect(tenant, address):
        consents.append((tenant, address))
        if refusals:
            raise refusals.pop()

    permissions = Permissions(sandbox, reconnect, Random(3))
    assert permissions.give_back()
    tokens = {address: sandbox.access_token(address) for address in OWNED}
    messages = {address: next(sandbox.messages(address)) for address in OWNED}

    def refused():
        found = []
        for address, token in tokens.items():
            try:
                sandbox.content(token, messages[address].message_id)
            except requests.HTTPError:
                found.append(address)
        return found

    assert permissions.take_away()
    assert not permissions.take_away()
    (without,) = refused()
    assert [permissions.give_back(), permissions.give_back()] == [False, True]
    assert consents == [(OWNED[without], without)] * 2
    assert refused() == []


def test_faulty_sandbox_counts_the_calls_that_a_fault_hit(sandbox):
    """What was injected is counted by kind when faults are replaced or mended."""
    sandbox.arm([Fault("broken", {"method": "gmail.users.messages.get", "action": "html"})])
    token = sandbox.access_token(MAILBOXES[0])
    message = next(sandbox.messages(MAILBOXES[0]))
    with pytest.raises(requests.HTTPError, match="502"):
        sandbox.content(token, message.message_id)
    sandbox.arm([])
    assert sandbox.injected == {"broken": 1}
    assert sandbox.content(token, message.message_id)["id"] == message.message_id


def test_mailbox_changes_go_on_when_the_account_changes(sandbox):
    """A renamed account and one that was made anew are found under the name that they had first,
    and a mailbox whose history ids went back lives on (edge cases 90 to 92).
    """
    changes = MailboxChanges(sandbox, Random(5))
    address = MAILBOXES[0]
    before = {message.message_id for message in sandbox.messages(address)}
    changes.rename(address)
    changes.rename(address)
    assert {message.message_id for message in sandbox.messages(address)} == before
    sandbox.restart_history(address, start_above=400)
    changes.change_one()
    sandbox.recreate(MAILBOXES[1])
    changes.forget(MAILBOXES[1])
    for _ in range(20):
        changes.change_one()
    assert sandbox.access_token(address)
