"""Waiting for a service: a deadline, and a child that died meanwhile ends the wait at once.

Holds: ``wait_until`` and probes. Add here: a probe. Keep out: what to do when it fails.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

from gmail_ingest.errors import ConfigurationError, GmailIngestError

_PAUSE_SECONDS = 0.05


class NotReadyError(GmailIngestError):
    """A service did not become ready before its deadline."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: not ready after {seconds:.0f} s; see its log")
        self.what = what


def wait_until(
    ready: Callable[[], bool], *, what: str, seconds: float, check: Callable[[], None]
) -> None:
    """Poll ``ready`` until it is true.

    Args:
        ready: the probe.
        what: the service's name, for the error.
        seconds: the deadline, from now.
        check: called between polls; raises if waiting has become pointless.

    Raises:
        NotReadyError: the deadline has passed.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        check()
        if time.monotonic() > deadline:
            raise NotReadyError(what, seconds)
        time.sleep(_PAUSE_SECONDS)


def port_open(host: str, port: int) -> bool:
    """Whether something accepts TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def require_free(ports: Mapping[str, int], host: str = "127.0.0.1") -> None:
    """Check that ports can be listened on, before anything is started.

    Args:
        ports: option or setting by which each is chosen, with its number; 0 takes any.
        host: the address that is listened on.

    Raises:
        ConfigurationError: a port is taken, named twice, or forbidden to this user; with the
            remedy.
    """
    seen: dict[int, str] = {}
    for option, port in ports.items():
        if port and port in seen:
            raise ConfigurationError(f"{seen[port]} and {option} are both {port}: choose two ports")
        seen[port] = option
        with socket.socket() as probe:
            # A port that was closed a moment ago counts as free, as it does for the servers.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen()
            except PermissionError:
                raise ConfigurationError(
                    f"{option} {port}: this user may not listen there; choose a port above 1023"
                ) from None
            except OSError:
                raise ConfigurationError(
                    f"{option} {port}: something else listens on {host}:{port}; stop it, or choose "
                    "another port (0 takes a free one)"
                ) from None


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own, by name or number."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def loopback_session() -> requests.Session:
    """An HTTP session that never asks a proxy of the environment for a loopback address."""
    session = requests.Session()
    session.trust_env = False
    return session


def http_ok(session: requests.Session, url: str) -> bool:
    """Whether a GET there is answered with 200."""
    try:
        return session.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Find TCP ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((host, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
