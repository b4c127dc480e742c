"""Asks a mailbox's owner for consent from a terminal: prints a link, and catches the redirect.

Holds: ``ask_for_consent``. Keep out: the protocol (``local/consent``).
Source: docs/google.md#consent (redirect to loopback).
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

from rich.console import Console

from gmail_ingest.cli.output import NOTES
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.consent import Consent, Grant, OAuthClient
from gmail_ingest.outbound_requests import outbound_session

_LOOPBACK = "127.0.0.1"
_THANKS = b"Thank you. You can close this page and go back to the terminal."


class _Redirect(HTTPServer):
    """Serves until the redirect has come."""

    path: str | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Redirect

    def do_GET(self) -> None:
        # Browsers also ask for an icon: only a request with Google's answer counts.
        if {"code", "error"} & {pair.partition("=")[0] for pair in self._query()}:
            self.server.path = self.path
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(_THANKS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: the request line holds the code."""

    def _query(self) -> list[str]:
        return urlsplit(self.path).query.split("&")


def ask_for_consent(client: OAuthClient, port: int, notes: Console = NOTES) -> Grant:
    """Print the link of the consent page, wait for the owner, and return what they granted.

    Args:
        client: who asks; a web client must list ``http://127.0.0.1:PORT/`` among its redirects.
        port: where the owner's browser is sent back to; 0 takes a free one.
        notes: where the link is printed.

    Raises:
        ConfigurationError: the port is taken.
        ReauthoriseError: the owner refused, or Google did.
    """
    try:
        server = _Redirect((_LOOPBACK, port), _Handler)
    except OSError as exc:
        raise ConfigurationError(f"port {port} is taken: choose another --port") from exc
    with server:
        consent = Consent(client, f"http://{_LOOPBACK}:{server.server_port}/")
        notes.print("Open this page in a browser on this machine:\n")
        notes.print(consent.url(), markup=False, highlight=False)
        while server.path is None:
            server.handle_request()
        with outbound_session() as session:
            return consent.redeem(server.path, session)
