import asyncio

import aiohttp.web
import pytest

from gmail_ingest.adapters.gmail.requests import ApiRequest
from gmail_ingest.adapters.gmail.transport import GmailTransport
from gmail_ingest.errors import TransientError
from gmail_ingest_tests.gmail.conftest import call_for, mail


async def exchange(handler, *, timeout_seconds=5.0, gzip=None, path="/x"):
    """Send one request to a server that answers with ``handler``."""
    app = aiohttp.web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = aiohttp.web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with GmailTransport(timeout_seconds=timeout_seconds, gzip=gzip) as transport:
            request = ApiRequest("x", "GET", f"http://127.0.0.1:{port}{path}", None, {})
            return await transport.send(request, "token")
    finally:
        await runner.cleanup()


def echo(seen):
    """A handler that notes requests."""

    async def handler(request):
        seen.append(request)
        return aiohttp.web.Response(body=b"{}")

    return handler


async def test_transport_sends_the_url_as_it_was_built():
    """Escapes in a URL are neither undone nor doubled on the way."""
    seen = []
    await exchange(echo(seen), path="/a%2Fb%20c?q=a%2Bb+c%3A")
    assert seen[0].raw_path == "/a%2Fb%20c?q=a%2Bb+c%3A"
    assert seen[0].headers["authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("gzip", "encoding", "agent"),
    [(None, "identity", "gmail-ingest"), (True, "gzip", "gmail-ingest (gzip)")],
)
async def test_transport_asks_for_gzip_over_https_or_when_told(gzip, encoding, agent):
    """Gmail compresses only if both headers say so; a sandbox on http is not asked to."""
    seen = []
    await exchange(echo(seen), gzip=gzip)
    assert seen[0].headers["accept-encoding"] == encoding
    assert seen[0].headers["user-agent"] == agent


async def test_transport_gives_up_a_silent_socket():
    """A connection that never answers ends after the timeout (edge case 33)."""
    never = asyncio.Event()

    async def silent(_request):
        await never.wait()

    with pytest.raises(TransientError, match="Timeout"):
        await exchange(silent, timeout_seconds=0.2)


async def test_transport_gives_up_an_answer_that_drips():
    """Bytes that come one by one do not keep a call alive for ever (edge case 33)."""

    async def drip(request):
        response = aiohttp.web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    with pytest.raises(TransientError, match="Timeout"):
        await exchange(drip, timeout_seconds=0.1)


async def test_transport_follows_no_redirect():
    """A token never travels to where an answer points."""
    seen = []

    async def redirect(request):
        seen.append(request)
        return aiohttp.web.Response(status=302, headers={"location": "/elsewhere"})

    assert (await exchange(redirect)).status == 302
    assert len(seen) == 1


async def test_transport_calls_a_refused_connection_transient():
    """Nobody listens: the error names the kind of failure, and no address."""
    request = ApiRequest("x", "GET", "http://127.0.0.1:9/secret-path", None, {})

    async def send():
        async with GmailTransport(timeout_seconds=1.0) as transport:
            await transport.send(request, "token")

    with pytest.raises(TransientError) as caught:
        await send()
    assert "secret-path" not in str(caught.value)


async def test_transport_keeps_connections_and_their_limit(world):
    """Many calls at once share a bounded number of kept-alive connections."""
    ids = [world.deliver(mail(f"mail {n}")) for n in range(40)]
    async with world.gmail() as gmail:
        client = gmail.open_client(world.mailbox)
        for batch in range(0, 40, 4):
            calls = [client.fetch(call_for(message_id)) for message_id in ids[batch : batch + 4]]
            await asyncio.gather(*calls)
    assert world.count("gmail.users.messages.get") == 40
    assert world.sandbox.call(lambda state: state.counters.connections) == 4


async def test_transport_reads_compressed_answers(world):
    """With gzip asked for, a mail arrives the same."""
    message_id = world.deliver(mail("a", body="compressible " * 500))

    async def fetch():
        async with world.gmail(gzip=True) as gmail:
            return await gmail.open_client(world.mailbox).fetch(call_for(message_id))

    assert "compressible" in (await fetch())[message_id].text
