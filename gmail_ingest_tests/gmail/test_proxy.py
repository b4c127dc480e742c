"""Every client of a process goes the same way out (case 11): a listener that is Google, another
that is the proxy, and what arrived at which of them.
"""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta

import google.auth.credentials
import pytest
from google.api_core.exceptions import GoogleAPIError

from gmail_ingest.adapters.gmail.requests import GmailRequests
from gmail_ingest.adapters.gmail.token_endpoint import TokenEndpoint
from gmail_ingest.adapters.gmail.transport import GmailTransport
from gmail_ingest.adapters.secrets.encryption_key import open_secret_manager
from gmail_ingest.errors import (
    ConfigurationError,
    GmailIngestError,
    OperatorActionError,
    TransientError,
)
from gmail_ingest.local.consent import Consent, OAuthClient
from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest.local.sidecar_api import SidecarApi, SidecarError
from gmail_ingest.outbound_requests import outbound_session
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from webhook_api.push.certificates import (
    CertificateCache,
    CertificatesUnavailableError,
    google_certificates,
)

_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Answers 400 to everything; ``lines`` are the request lines that came."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.headers: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                head = client.recv(65536).decode("latin-1").partition("\r\n\r\n")[0]
                self.lines.append(head.partition("\r\n")[0])
                self.headers.append(head.lower())
                client.sendall(_REFUSAL)

    def close(self) -> None:
        """Accept nothing more."""
        self._server.close()


@pytest.fixture
def google_and_proxy(monkeypatch):
    google, proxy = Listener(), Listener()
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://user:secret@{proxy.address}")
    yield google, proxy
    google.close()
    proxy.close()


async def call_api(url: str) -> None:
    async with GmailTransport(timeout_seconds=5) as transport:
        assert (await transport.send(GmailRequests(url).profile(), "token")).status == 400


async def revoke(url: str) -> None:
    async with GmailTransport(timeout_seconds=5) as transport:
        assert (await transport.post_form(f"{url}/revoke", {"token": "x"})).status == 400


def endpoint_at(url: str) -> TokenEndpoint:
    return TokenEndpoint(
        Settings(
            _env_file=None,
            google_client_id="c",
            google_client_secret="s",
            google_token_uri=f"{url}/token",
            request_timeout_seconds=5,
        )
    )


async def refresh(url: str) -> None:
    endpoint = endpoint_at(url)
    past = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(GmailIngestError):
        await endpoint.refresh(OAuthKeys("", "1//x", past))
    endpoint.close()


async def fetch_certificates(url: str) -> None:
    with pytest.raises(CertificatesUnavailableError):
        await CertificateCache(google_certificates(f"{url}/certs")).find("kid")


async def redeem(url: str) -> None:
    consent = Consent(OAuthClient("c", "s", token_uri=f"{url}/token"), "http://127.0.0.1/")
    with outbound_session() as session, pytest.raises(Exception, match="400"):
        consent.redeem(f"http://127.0.0.1/?code=x&state={consent._state}", session)


CLIENTS = [call_api, revoke, refresh, fetch_certificates, redeem]


@pytest.mark.parametrize("client", CLIENTS)
async def test_client_takes_the_proxy(google_and_proxy, client):
    """With a proxy in the environment no client of Google goes past it (case 11, edge case 107)."""
    google, proxy = google_and_proxy
    await client(f"http://{google.address}")
    assert proxy.lines[0].split()[1].startswith(f"http://{google.address}/")
    assert "proxy-authorization: basic dxnlcjpzzwnyzxq=" in proxy.headers[0]
    assert google.lines == []


@pytest.mark.parametrize("client", CLIENTS)
async def test_client_obeys_no_proxy(google_and_proxy, monkeypatch, client):
    """What NO_PROXY names is reached straight by all of them (case 11, edge case 107)."""
    google, proxy = google_and_proxy
    monkeypatch.setenv("NO_PROXY", "other.test, 127.0.0.0/8")
    await client(f"http://{google.address}")
    assert google.lines
    assert proxy.lines == []


async def test_https_goes_through_a_tunnel(google_and_proxy):
    """Calls over https ask the proxy for a tunnel, and its refusal names the proxy, not its
    password (case 11).
    """
    _, proxy = google_and_proxy
    async with GmailTransport(timeout_seconds=5) as transport:
        with pytest.raises(TransientError, match=f"by the proxy {proxy.address}") as raised:
            await transport.send(GmailRequests("https://gmail.invalid").profile(), "token")
    assert "secret" not in str(raised.value)
    assert proxy.lines == ["CONNECT gmail.invalid:443 HTTP/1.1"]


async def test_token_requests_go_through_a_tunnel(google_and_proxy):
    """google-auth's requests ask the same proxy for their tunnel (case 11)."""
    _, proxy = google_and_proxy
    await refresh("https://oauth2.invalid")
    assert {line.rpartition(" ")[0] for line in proxy.lines} == {"CONNECT oauth2.invalid:443"}


def test_secret_manager_is_read_through_the_proxy(google_and_proxy, monkeypatch):
    """Of HTTPS_PROXY, which gRPC does not read by itself; one that it cannot use is refused
    (case 11).
    """
    _, proxy = google_and_proxy
    credentials = google.auth.credentials.AnonymousCredentials()
    with (
        open_secret_manager(credentials, "secrets.invalid:443") as client,
        pytest.raises(GoogleAPIError),
    ):
        client.access_secret_version(name="projects/p/secrets/s/versions/1", timeout=2, retry=None)
    assert proxy.lines[0].startswith("CONNECT secrets.invalid:443")
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.test")
    with pytest.raises(ConfigurationError, match="http:// proxy only"):
        open_secret_manager(credentials)


def test_loopback_clients_take_no_proxy(google_and_proxy):
    """The commands' calls to the sidecar and to Dagster on this machine go straight."""
    own, proxy = google_and_proxy
    with pytest.raises(SidecarError, match="400"):
        SidecarApi(f"http://{own.address}", "key").sync("acme")
    dagster = DagsterApi(f"http://{own.address}")
    assert not dagster.location_loaded()
    assert not dagster.sensors_run()
    assert len(own.lines) == 3
    assert proxy.lines == []


async def test_unusable_proxy_is_the_operators_to_mend(monkeypatch):
    """A proxy that no client speaks to stops calls with its variable's name, in both libraries."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    keys = OAuthKeys("", "1//x", datetime.now(UTC) - timedelta(hours=1))
    async with GmailTransport(timeout_seconds=5) as transport:
        with pytest.raises(OperatorActionError, match="HTTPS_PROXY"):
            await transport.send(GmailRequests("https://gmail.invalid").profile(), "token")
    with pytest.raises(OperatorActionError, match="HTTPS_PROXY"):
        await endpoint_at("https://oauth2.invalid").refresh(keys)
