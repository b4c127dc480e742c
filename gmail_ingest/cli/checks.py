"""Checks of ``doctor`` and ``up`` that need settings alone: can a deployment work with these?

Holds: ``Check`` and one function for each group of settings. Add here: a judgement that needs
settings alone. Keep out: asking a database (``doctor``) or a network (``probes``).
Source: docs/google.md#watches; docs/promises.md#promise-7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from gmail_ingest.adapters.secrets.encryption_key import SECRET_MANAGER
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.outbound import proxy_named, tls_context
from gmail_ingest.settings import Settings
from gmail_ingest.variables import PREFIX, misspelt
from gmail_ingest.wiring.keys import read_key_ring

_TOPIC = re.compile(r"projects/(?P<project>[^/]+)/topics/[A-Za-z][\w.~+%-]{2,254}")


@dataclass(frozen=True, slots=True)
class Check:
    """A judgement. ``required`` false: the service works without, as ``detail`` says."""

    name: str
    passed: bool
    detail: str
    required: bool = True


def require_startable(settings: Settings) -> None:
    """Refuse to start with settings that can only fail.

    Raises:
        ConfigurationError: names every required setting that is missing or wrong.
    """
    wrong = [check.detail for check in check_settings(settings) if _fatal(check)]
    if wrong:
        raise ConfigurationError("\n  ".join(("cannot start:", *wrong)))


def check_settings(settings: Settings) -> list[Check]:
    """Judge all settings."""
    return [
        check_encryption(settings),
        check_oauth_client(settings),
        *check_push(settings),
        check_proxy(settings),
    ]


def check_names() -> list[Check]:
    """Variables that nothing reads because their name is misspelt, one finding each.

    With our prefix it is a mistake; without it, it may be another program's variable.
    """
    return [
        Check(
            "settings",
            passed=False,
            detail=misspelling,
            required=misspelling.upper().startswith(PREFIX),
        )
        for misspelling in misspelt()
    ]


def check_encryption(settings: Settings) -> Check:
    """There is a usable encryption key."""
    try:
        ring = read_key_ring(settings)
    except ConfigurationError as error:
        return Check("encryption key", passed=False, detail=str(error))
    return Check("encryption key", passed=True, detail=f"version {ring.current} seals")


def check_oauth_client(settings: Settings) -> Check:
    """OAuth grants need a client; service accounts do not."""
    identified = bool(settings.google_client_id)
    confidential = bool(settings.google_client_secret.get_secret_value())
    if identified and confidential:
        return Check("OAuth client", passed=True, detail="set")
    half = identified or confidential
    return Check(
        "OAuth client",
        passed=False,
        detail="GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET: "
        + ("one is missing" if half else "not set, so only service accounts can be connected"),
        required=half,
    )


def check_push(settings: Settings) -> list[Check]:
    """Either nothing of Pub/Sub is set, or all that a verified push needs."""
    parts = {
        "PUBSUB_TOPIC": settings.pubsub_topic,
        "PUBSUB_AUDIENCE": settings.pubsub_audience,
        "PUBSUB_SERVICE_ACCOUNT": settings.pubsub_service_account,
    }
    missing = [name for name, value in parts.items() if not value]
    if len(missing) == len(parts):
        detail = "PUBSUB_TOPIC is not set: new mail is found by polling alone"
        return [Check("push", passed=False, detail=detail, required=False)]
    found = [_check_topic(settings)] if settings.pubsub_topic else []
    if missing:
        detail = f"{', '.join(missing)} must be set too, or every push is refused"
        found = [Check("push", passed=False, detail=detail), *(c for c in found if not c.passed)]
    return found


def check_proxy(settings: Settings) -> Check:
    """The environment's proxy and certificates can be used; names the proxy of each host."""
    urls = [
        settings.gmail_api_endpoint,
        settings.google_token_uri,
        settings.google_revoke_uri,
        settings.google_certs_uri,
        *([f"https://{SECRET_MANAGER}"] if settings.encryption_key_secret else []),
    ]
    ways: dict[str | None, set[str]] = {}
    try:
        tls_context()
        for url in urls:
            ways.setdefault(proxy_named(url), set()).add(urlsplit(url).hostname or "")
    except ConfigurationError as error:
        return Check("proxy", passed=False, detail=str(error))
    if set(ways) == {None}:
        return Check("proxy", passed=True, detail="none: Google is reached directly")
    return Check("proxy", passed=True, detail="; ".join(sorted(map(_way, ways.items()))))


def _way(way: tuple[str | None, set[str]]) -> str:
    proxy, hosts = way
    return f"{proxy or 'no proxy'} for {', '.join(sorted(hosts))}"


def _check_topic(settings: Settings) -> Check:
    found = _TOPIC.fullmatch(settings.pubsub_topic)
    if found is None:
        detail = "PUBSUB_TOPIC must be a full name, projects/PROJECT/topics/TOPIC"
        return Check("push", passed=False, detail=detail)
    project = settings.google_cloud_project_id
    if project and found["project"] != project:
        detail = "PUBSUB_TOPIC must be in GOOGLE_CLOUD_PROJECT_ID, or Gmail refuses the watch"
        return Check("push", passed=False, detail=detail)
    return Check("push", passed=True, detail="topic, audience and service account are set")


def _fatal(check: Check) -> bool:
    return check.required and not check.passed
