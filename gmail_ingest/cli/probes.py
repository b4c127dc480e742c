"""Checks of ``doctor`` that ask a network: do Google and Dagster answer? Without credentials.

Holds: a function for each thing that is asked. Add here: what else must answer over a network.
Keep out: judging settings (``checks``), the mail's database (``doctor``).
"""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gmail_ingest.cli.checks import Check
from gmail_ingest.cli.output import duration
from gmail_ingest.errors import ConfigurationError, GmailIngestError
from gmail_ingest.local.environment import CODE_SERVER_HOST, CODE_SERVER_PORT, DAGSTER_PG_URL
from gmail_ingest.outbound import proxy_named
from gmail_ingest.settings import Settings, variable_names
from gmail_ingest.variables import value_of

if TYPE_CHECKING:
    from gmail_ingest.local.data_directory import Running

#: To connect, and then to answer; Google does both in a tenth of a second.
_SECONDS = (5.0, 10.0)
#: A daemon writes a heartbeat every 30 seconds; a busy machine may miss two.
DAEMON_SECONDS = 120.0


def check_google(settings: Settings, seconds: tuple[float, float] = _SECONDS) -> list[Check]:
    """Each address of Google that this deployment uses gives some answer.

    Args:
        settings: name the addresses.
        seconds: to connect, and then to answer.
    """
    wanted = {
        "gmail_api_endpoint": settings.gmail_api_endpoint,
        "google_token_uri": settings.google_token_uri,
    }
    if settings.pubsub_topic:
        wanted["google_certs_uri"] = settings.google_certs_uri
    names = variable_names()
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = list(pool.map(lambda url: _silence(url, seconds), wanted.values()))
    silent = [
        f"{names[name]} ({_host(url)}): {reason}"
        for (name, url), reason in zip(wanted.items(), found, strict=True)
        if reason
    ]
    if silent:
        return [Check("Google", passed=False, detail=silence) for silence in silent]
    return [Check("Google", passed=True, detail="answers")]


def _silence(url: str, seconds: tuple[float, float]) -> str | None:
    """Why an address does not answer, and what to do; None if it does."""
    import requests

    from gmail_ingest.outbound_requests import outbound_session

    try:
        # With the environment's proxy and certificates, as the service itself asks.
        with outbound_session() as session:
            session.get(url, timeout=seconds, allow_redirects=False, stream=True).close()
    except ConfigurationError as error:
        return str(error)
    except requests.exceptions.ProxyError as error:
        return _refused_by_proxy(url, error)
    except requests.exceptions.SSLError:
        return "its certificate is not trusted here: correct the CA certificates, or the address"
    except requests.Timeout:
        return f"does not answer in time: let {_asker(url)} reach it through the firewall"
    except requests.ConnectionError as error:
        if "NameResolution" in repr(error) or isinstance(_cause(error), socket.gaierror):
            return "its name is not known here: correct DNS, or the address"
        return f"does not answer: let {_asker(url)} reach it (network, firewall), or correct it"
    except (requests.RequestException, ValueError):
        return "is no address: it must be of the form https://host"
    return None


def _asker(url: str) -> str:
    proxy = proxy_named(url)
    return f"the proxy {proxy}" if proxy else "this machine"


def _refused_by_proxy(url: str, error: Exception) -> str:
    proxy = proxy_named(url)
    # Its answer to CONNECT is only in the text of the innermost error.
    answer = re.search(r"Tunnel connection failed: (\d{3})", repr(error))
    if answer is None:
        return f"the proxy {proxy} does not answer: correct HTTPS_PROXY, or what runs there"
    if answer[1] == "407":
        return f"the proxy {proxy} wants a user and password: http://USER:PASSWORD@HOST:PORT"
    return f"the proxy {proxy} answers {answer[1]}: let it reach this host, or name it in NO_PROXY"


def _cause(error: BaseException) -> BaseException:
    while error.__context__ is not None:
        error = error.__context__
    return error


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or "no host"


def check_dagster(running: Running | None, *, ours: bool) -> list[Check]:
    """Dagster's database is its own and migrated, its daemon lives, its code location loads.

    Args:
        running: what runs in --data-dir, if anything does.
        ours: whether the mail's database has an address: then Dagster's needs one, too.
    """
    url = value_of(DAGSTER_PG_URL)
    if not url:
        if not ours:
            return []
        detail = f"{DAGSTER_PG_URL} is not set: `up` and Dagster's processes need it"
        return [Check("Dagster", passed=False, detail=detail, required=False)]
    return [*_check_storage(url), *_check_location(running)]


def _check_storage(url: str) -> list[Check]:
    import psycopg

    from gmail_ingest.adapters.postgres.queue.dagster_state import daemon_silence
    from gmail_ingest.adapters.postgres.schema.database_state import look_at, require_dagsters
    from gmail_ingest.local.dagster_migration import is_behind, newest_dagster_revision
    from gmail_ingest.local.databases import require_psycopg2

    try:
        require_psycopg2(url)
        state = look_at(url, DAGSTER_PG_URL)
        require_dagsters(state, DAGSTER_PG_URL)
        if state.kind == "empty":
            detail = "Dagster's database has no tables yet: run `gmail-ingest db upgrade`"
            return [Check("Dagster's database", passed=False, detail=detail)]
        if is_behind(state.revision):
            detail = (
                f"Dagster's database is at revision {state.revision}, the installed Dagster needs "
                f"{newest_dagster_revision()}: run `gmail-ingest db upgrade`"
            )
            return [Check("Dagster's database", passed=False, detail=detail)]
        silence = daemon_silence(url, DAGSTER_PG_URL)
    except GmailIngestError as error:
        return [Check("Dagster's database", passed=False, detail=str(error))]
    except psycopg.Error as error:
        detail = f"cannot be read ({type(error).__name__}): run `gmail-ingest db upgrade`"
        return [Check("Dagster's database", passed=False, detail=detail)]
    answers = Check("Dagster's database", passed=True, detail="answers, with Dagster's tables")
    return [answers, _check_daemon(silence)]


def _check_daemon(silence: float | None) -> Check:
    if silence is not None and silence <= DAEMON_SECONDS:
        return Check("Dagster's daemon", passed=True, detail=f"last heartbeat {silence:.0f} s ago")
    since = "never ran" if silence is None else f"no heartbeat for {duration(silence)}"
    detail = f"{since}: no sync starts without it; start `dagster-daemon run`, or see its log"
    return Check("Dagster's daemon", passed=False, detail=detail)


def _check_location(running: Running | None) -> list[Check]:
    from gmail_ingest.local.dagster_api import CodeLocationError, DagsterApi
    from gmail_ingest.local.readiness import port_open

    name = "code location"
    if running is not None:
        try:
            loaded = DagsterApi(running.addresses.dagster).location_loaded()
        except CodeLocationError:
            loaded = False
        detail = "loaded" if loaded else "does not load: Dagster's page Deployment says why"
        return [Check(name, passed=loaded, detail=detail)]
    host, port = value_of(CODE_SERVER_HOST), value_of(CODE_SERVER_PORT)
    if not host or not port:
        return []
    if not port.isdecimal():
        return [Check(name, passed=False, detail=f"{CODE_SERVER_PORT} must be a port's number")]
    listens = port_open(host, int(port))
    detail = (
        "the code server listens"
        if listens
        else (
            f"nothing listens at {CODE_SERVER_HOST}:{CODE_SERVER_PORT} ({host}:{port}): start "
            "`dagster api grpc`, or correct them"
        )
    )
    return [Check(name, passed=listens, detail=detail)]
