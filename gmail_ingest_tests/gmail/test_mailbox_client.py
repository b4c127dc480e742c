from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.gmail import mailbox_client as module
from gmail_ingest.core.ledger.windows import Window, last_days
from gmail_ingest.errors import (
    GoneError,
    HistoryExpiredError,
    PageTokenInvalidError,
    ReauthoriseError,
    RejectedRequestError,
    TransientError,
    WatchTopicConflictError,
)
from gmail_ingest.sync.accounts.in_memory_credential import InMemoryCredential
from gmail_ingest_tests.gmail.conftest import OWNER, call_for, mail
from gmail_sandbox.settings import SandboxSettings

TOPIC = SandboxSettings().watch_topic


@pytest.fixture
async def at_google(world):
    """The owner's mailbox through the adapter."""
    gmail = world.gmail()
    yield gmail.open_client(world.mailbox)
    await gmail.aclose()


async def test_client_reads_profile_pages_and_history(world, at_google):
    """A mailbox is listed, followed and described as it is at Google, at the price list's units."""
    start = await at_google.profile()
    assert start.address == OWNER
    ids = [world.deliver(mail(f"mail {n}")) for n in range(3)]
    listed = await at_google.list_messages(last_days(1, datetime.now(UTC)), None)
    assert {ref.message_id for ref in listed.refs} == set(ids)
    assert listed.next_page_token is None
    page = await at_google.list_history(start.history_id, None)
    assert [record.message_id for record in page.records if record.kind == "added"] == ids
    assert page.history_id > start.history_id
    assert at_google.units_spent == 1 + 5 + 2


async def test_client_lists_only_its_window(world, at_google):
    """A window that ended yesterday holds nothing of today."""
    world.deliver(mail("today"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    page = await at_google.list_messages(Window(None, yesterday), None)
    assert page.refs == ()


async def test_client_lists_labels_and_what_has_them(world, at_google):
    """Each label's mail is listed for itself, spam and trash only if everything is wanted."""
    world.deliver(mail("inbox"))
    message_id = world.deliver(mail("junk"), label_ids=["SPAM"])
    assert {"INBOX", "SPAM", "TRASH", "DRAFT", "CHAT"} <= await at_google.label_ids()
    spent = at_google.units_spent
    assert spent == 1
    window = last_days(1, datetime.now(UTC))
    junk = await at_google.list_messages(window, None, label_id="SPAM", everywhere=True)
    assert [ref.message_id for ref in junk.refs] == [message_id]
    assert len((await at_google.list_messages(window, None, everywhere=True)).refs) == 2
    assert len((await at_google.list_messages(window, None)).refs) == 1
    with pytest.raises(RejectedRequestError):
        await at_google.list_messages(window, None, label_id="Label_404", everywhere=True)


async def test_client_fetches_a_message(world, at_google):
    """A message is fetched and parsed."""
    message_id = world.deliver(mail("Grüße".encode().decode(), body="Größe 5 €"))
    found = await at_google.fetch(call_for(message_id))
    assert found[message_id].text.strip() == "Größe 5 €"
    assert found[message_id].direction == "inbound"
    assert at_google.units_spent == 20


async def test_client_fetches_only_the_wanted_messages_of_a_thread(world, at_google):
    """One threads.get gives the wanted messages, and no others."""
    first = world.deliver(mail("a"))
    rest = [world.deliver(mail("a"), thread_id=first) for _ in range(3)]
    found = await at_google.fetch(call_for(first, *rest[:2], thread_id=first))
    assert set(found) == {first, *rest[:2]}
    assert at_google.units_spent == 40
    assert world.count("gmail.users.messages.get") == 0


async def test_client_leaves_out_what_is_gone(world, at_google):
    """A deleted message is absent, and no error (edge case 13)."""
    message_id = world.deliver(mail("a"))
    world.box(lambda box: box.delete(message_id))
    assert await at_google.fetch(call_for(message_id)) == {}


async def test_client_confirms_each_message_of_a_thread_that_is_gone(world, at_google):
    """A thread's 404 says nothing about its messages: each is asked for by itself."""
    ids = [world.deliver(mail("a")) for _ in range(3)]
    world.box(lambda box: box.delete(ids[2]))
    found = await at_google.fetch(call_for(*ids, thread_id="ffffffffffffffff"))
    assert set(found) == set(ids[:2])
    assert at_google.units_spent == 40 + 3 * 20


async def test_client_confirms_a_message_that_its_thread_lacks(world, at_google):
    """A message that a thread's answer leaves out is asked for before it counts as gone."""
    first, elsewhere = world.deliver(mail("a")), world.deliver(mail("b"))
    found = await at_google.fetch(call_for(first, elsewhere, thread_id=first))
    assert set(found) == {first, elsewhere}


async def test_client_fetches_bodies_that_gmail_keeps_apart(world, at_google):
    """A text that comes with an attachment id is fetched and decoded (edge case 45)."""
    text = "Zürich " * 500_000
    raw = (
        b"From: a@example.net\r\nSubject: large\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + text.encode("iso-8859-1")
    )
    message_id = world.deliver(raw)
    found = await at_google.fetch(call_for(message_id))
    assert found[message_id].text.startswith("Zürich Zürich")
    assert at_google.units_spent == 20 + 20


async def test_client_fetches_what_a_calendar_file_says(world, at_google):
    """One call for an invitation that is a file, none for a document (edge cases 149 and 214)."""
    calendar = (
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Demo day\r\nEND:VEVENT\r\n"
        b"END:VCALENDAR"
    )
    parts = (
        b"Content-Type: text/plain\r\n\r\nJoin us",
        b"Content-Type: application/ics; name=invite.ics\r\n\r\n" + calendar,
        b"Content-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF",
    )
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    head = (
        b"From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    )
    message_id = world.deliver(head + b"\r\n" + body)
    found = (await at_google.fetch(call_for(message_id)))[message_id]
    assert (found.text, found.content_kind) == ("Join us", "invitation")
    assert "Invitation: Demo day" in found.search_text
    assert [file.filename for file in found.attachments] == ["invite.ics", "plan.pdf"]
    assert at_google.units_spent == 20 + 20


async def test_client_retries_a_body_whose_id_is_stale(world, at_google):
    """A refused attachment id is transient: the next attempt gets a fresh one."""
    message_id = world.deliver(mail("large", body="x" * 4_000_000))
    world.fault(
        method="gmail.users.messages.attachments.get", action="error", error="invalid_attachment"
    )
    with pytest.raises(TransientError):
        await at_google.fetch(call_for(message_id))


async def test_client_gives_up_on_a_message_that_breaks_the_parser(
    world, at_google, monkeypatch: pytest.MonkeyPatch
):
    """Whatever a parser raises is a failure of that message, without a word of it (edge case 2)."""

    def broken(message, **_):
        raise RuntimeError(message["snippet"])

    message_id = world.deliver(mail("a", body="private words"))
    monkeypatch.setattr(module, "parse_message", broken)
    with pytest.raises(RejectedRequestError, match="RuntimeError") as caught:
        await at_google.fetch(call_for(message_id))
    assert "private" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_client_refreshes_once_after_a_401(world, at_google):
    """A token that Google refuses is renewed, and the call made again with the new one."""
    world.sandbox.call(lambda state: state.grants.expire_access_tokens())
    assert (await at_google.profile()).address == OWNER
    assert world.count("oauth2.token") == 1
    assert at_google.units_spent == 2


async def test_client_asks_for_consent_after_the_third_401(world, at_google):
    """Only refusals in a row, the last of a token fresh from Google, end a grant."""
    world.fault(method="gmail.users.getProfile", action="error", error="auth_error")
    with pytest.raises(ReauthoriseError):
        await at_google.profile()
    assert world.count("gmail.users.getProfile") == 3


async def test_client_outlives_the_end_of_its_own_and_the_stored_token(world):
    """When Google ends every access token, another worker's newer one in the store included, the
    mailbox gets a fresh one and needs no consent.
    """
    credential = InMemoryCredential("acme", world.grant())
    gmail = world.gmail(credential)
    client = gmail.open_client(world.mailbox)
    await client.profile()
    credential.change(world.grant())
    world.sandbox.call(lambda state: state.grants.expire_access_tokens())
    assert (await client.profile()).address == OWNER
    assert world.count("oauth2.token") == 1
    await gmail.aclose()


async def test_client_tells_expired_history(world, at_google):
    """A checkpoint that Google forgot is named as such (edge case 3)."""
    world.fault(method="gmail.users.history.list", action="expiredHistory")
    with pytest.raises(HistoryExpiredError):
        await at_google.list_history(1, None)


async def test_client_tells_an_invalid_page_token(at_google):
    """A stale page token is named as such (edge case 40)."""
    with pytest.raises(PageTokenInvalidError):
        await at_google.list_messages(Window(), "no-such-token")


async def test_client_follows_empty_pages(world, at_google):
    """A page without ids that has a token is no end (edge case 5)."""
    world.deliver(mail("a"))
    world.fault(method="gmail.users.messages.list", action="emptyPage", times=1)
    page = await at_google.list_messages(Window(), None)
    assert page.refs == ()
    assert page.next_page_token
    assert len((await at_google.list_messages(Window(), page.next_page_token)).refs) == 1


async def test_client_watches_and_stops(world, at_google):
    """A watch lasts about seven days; another topic is a conflict (edge case 24)."""
    watch = await at_google.watch(TOPIC)
    assert timedelta(days=6) < watch.expires_at - datetime.now(UTC) < timedelta(days=8)
    world.fault(method="gmail.users.watch", action="error", error="one_push_client")
    with pytest.raises(WatchTopicConflictError):
        await at_google.watch(TOPIC)
    await at_google.stop()
    assert world.sandbox.call(lambda state: state.counters.calls["gmail.users.stop"]) == 1


@pytest.mark.parametrize(("action", "times"), [("reset", 2), ("truncate", 1), ("html", 1)])
async def test_client_calls_a_broken_answer_transient(world, at_google, action, times):
    """A reset, a cut-off body and HTML say nothing about the message (edge case 1)."""
    message_id = world.deliver(mail("a"))
    # aiohttp itself makes up for one reset.
    world.fault(method="gmail.users.messages.get", action=action, times=times)
    with pytest.raises(TransientError):
        await at_google.fetch(call_for(message_id))
    assert set(await at_google.fetch(call_for(message_id))) == {message_id}


async def test_client_never_takes_an_html_404_for_a_deletion(world, at_google):
    """Only the API's own 404 makes a message gone."""
    message_id = world.deliver(mail("a"))
    world.fault(
        method="gmail.users.messages.get",
        action="status",
        status=404,
        body="<html>404</html>",
        headers={"content-type": "text/html"},
    )
    with pytest.raises(TransientError) as caught:
        await at_google.fetch(call_for(message_id))
    assert not isinstance(caught.value, GoneError)
