"""The mails that services lose, and what is said of each."""

from gmail_ingest.adapters.gmail import mailbox_client
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest.wiring.stores import Stores
from gmail_ingest.wiring.use_cases import UseCases
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT, mail

LONG_ID = f"<{'x' * 12_000}@example.net>"
MEGABYTES = 45 * 1024 * 1024


def breaking_for(message_id):
    """The parser with a bug that one message meets."""

    def parse(message, **more):
        if message["id"] == message_id:
            raise KeyError("a part")
        return parse_message(message, **more)

    return parse


async def test_what_is_hard_to_sync_holds_nothing_up_and_is_explained(service, monkeypatch):
    """A message that can never be fetched, one that can never be parsed, one of 45 MB, one with a
    Message-ID of 12 KB: the rest is complete, and each is explained (edge cases 2, 52 and 54).
    """
    service.account()
    plain = service.deliver("one", "two")

    def deliver(raw):
        return service.box(lambda box: box.deliver(raw).id)

    unreachable, unreadable = service.deliver("unreachable", "unreadable")
    large = deliver(mail("large") + b"0123456789abcde\r\n" * (MEGABYTES // 17))
    long = deliver(f"Message-ID: {LONG_ID}\r\n".encode() + mail("long"))
    service.fault("messages.get", message_id=unreachable, action="error", error="backend_error")
    monkeypatch.setattr(mailbox_client, "parse_message", breaking_for(unreadable))
    await service.connect()
    await service.sync()
    assert await service.stored() == {*plain, large, long}
    why = UseCases(Stores(service.settings, service.engine), service.gmail).why

    async def verdict(message):
        (finding,) = (await why.ask(TENANT, message)).findings
        assert OWNER not in finding.explanation + finding.next
        return finding.word, finding.explanation

    assert (await verdict(unreachable))[0] == (await verdict(unreadable))[0] == "dead_letter"
    assert f"{QUICK.max_attempts} attempts" in (await verdict(unreachable))[1]
    assert "500" in (await verdict(unreachable))[1]
    assert "cannot be parsed (KeyError)" in (await verdict(unreadable))[1]
    assert [(await verdict(message_id))[0] for message_id in (*plain, large, long)] == [
        "stored"
    ] * 4
    assert (await verdict(LONG_ID))[0] == (await verdict(LONG_ID.strip("<>")))[0] == "stored"
