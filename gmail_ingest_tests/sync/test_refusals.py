"""Refusals of single messages and of whole mailboxes, told apart (edge cases 2, 95 and 96)."""

from dataclasses import replace

import pytest

from gmail_ingest.errors import (
    MailboxUnavailableError,
    RefusedByGoogleError,
    SuspectAccountError,
    TransientError,
)
from gmail_ingest.sync.mailbox.refusals import WITNESSES, try_reading
from gmail_ingest_tests.sync.conftest import QUICK

REFUSED = RefusedByGoogleError("Google refuses the request (403 forbidden)")
SUSPECT = SuspectAccountError("Google's precondition check failed (400 failedPrecondition)")
FEW = replace(QUICK, refusals=4)
IDS = [f"m{number}" for number in range(9)]


def refuse(box, *ids, error=REFUSED):
    """Let Google refuse these messages."""
    for message_id in ids:
        box.google.always[message_id] = error


@pytest.mark.parametrize("wanted", [IDS, IDS[:3]], ids=["many", "three"])
@pytest.mark.parametrize("before", [0, 2], ids=["new", "known"])
async def test_a_mailbox_whose_mail_is_refused_stops_and_gives_up_nothing(box, wanted, before):
    """However few they are, and whether mail was given before: all refused is the mailbox, and no
    message has spent an attempt (case 19, edge case 96).
    """
    old = [f"old{number}" for number in range(before)]
    await box.drain(await box.discover(*old), FEW)
    lease = await box.discover(*wanted)
    refuse(box, *old, *wanted)
    for _ in range(QUICK.max_attempts + 1):
        with pytest.raises(MailboxUnavailableError, match="403 forbidden") as stopped:
            await box.drain(lease, FEW)
        assert stopped.value.cause == "refused"
    assert {box.fate(message_id) for message_id in wanted} == {"pending"}
    assert {box.attempts(message_id) for message_id in wanted} == {0}
    box.google.always.clear()
    await box.drain(lease, FEW)
    assert box.stored == {*old, *wanted}


async def test_a_long_refusal_is_found_out_early(box):
    """Of hundreds of messages no more are asked for than it takes to know."""
    ids = [f"m{number:03}" for number in range(200)]
    lease = await box.discover(*ids)
    refuse(box, *ids)
    with pytest.raises(MailboxUnavailableError):
        await box.drain(lease, FEW)
    assert len(box.google.fetched) <= FEW.refusals + FEW.calls_in_flight
    assert sum(call.startswith("probe") for call in box.google.calls) <= WITNESSES


async def test_messages_refused_among_others_are_given_up_alone(box):
    """Every second message is refused for its own sake: those are dead letters, and the mailbox
    goes on (edge cases 2 and 96).
    """
    lease = await box.discover(*IDS)
    refuse(box, *IDS[::2])
    counts = await box.drain(lease, replace(FEW, linger=5.0))
    assert box.stored == set(IDS[1::2])
    assert {box.fate(message_id) for message_id in IDS[::2]} == {"dead"}
    assert {box.attempts(message_id) for message_id in IDS[::2]} == {QUICK.max_attempts}
    assert counts.dead == len(IDS[::2])


@pytest.mark.parametrize("error", [REFUSED, SUSPECT])
async def test_a_row_of_refused_messages_in_a_healthy_mailbox_is_their_own(box, error):
    """More in a row than are believed of messages, and another message is given: it is theirs."""
    await box.drain(await box.discover("good"), FEW)
    lease = await box.discover(*IDS)
    refuse(box, *IDS, error=error)
    await box.drain(lease, replace(FEW, linger=5.0))
    assert {box.fate(message_id) for message_id in IDS} == {"dead"}
    assert box.stored == {"good"}


async def test_a_message_alone_in_its_mailbox_is_refused_for_its_own_sake(box):
    """Where no other message can be asked for, one stops nothing (edge case 2)."""
    lease = await box.discover("m1")
    refuse(box, "m1")
    await box.drain(lease, replace(FEW, linger=5.0))
    assert box.fate("m1") == "dead"


async def test_a_message_refused_alone_later_stops_nothing(box):
    """A sync of one new message that is refused asks for a known one, and goes on (edge case 2)."""
    await box.drain(await box.discover("good"), FEW)
    lease = await box.discover("bad")
    refuse(box, "bad")
    for _ in range(QUICK.max_attempts):
        await box.drain(lease, replace(FEW, linger=0.0))
        box.store.attempts[box.mailbox.id, "bad"].due = box.store.attempts[
            box.mailbox.id, "good"
        ].first_seen
    assert box.fate("bad") == "dead"


async def test_a_suspended_account_is_tried_again_before_it_is_believed(box):
    """A precondition that fails for three mails spends none of their attempts (edge case 32)."""
    lease = await box.discover(*IDS[:3])
    refuse(box, *IDS[:3], error=SUSPECT)
    for _ in range(QUICK.max_attempts + 1):
        with pytest.raises(SuspectAccountError):
            await box.drain(lease, FEW)
    assert {box.attempts(message_id) for message_id in IDS[:3]} == {0}


async def test_refusals_are_nobodys_while_it_cannot_be_known_whose(box):
    """Google is silent when another message is asked for: nothing is spent, nothing stops."""
    await box.drain(await box.discover("good"), FEW)
    lease = await box.discover(*IDS)
    refuse(box, *IDS)
    box.google.always["list:all:0"] = TransientError("503")
    with pytest.raises(TransientError):
        await box.drain(lease, FEW)
    assert {box.attempts(message_id) for message_id in IDS} == {0}


@pytest.mark.parametrize("refused", [0, 1, WITNESSES])
async def test_a_trial_fails_only_if_no_mail_is_given(box, refused):
    """Connecting asks for a few messages: one that is refused for its own sake stops it not."""
    box.google.listed(*IDS)
    refuse(box, *IDS[:refused])
    if refused < WITNESSES:
        await try_reading(box.google)
    else:
        with pytest.raises(RefusedByGoogleError):
            await try_reading(box.google)
    box.google.listed()
    await try_reading(box.google)
