"""A session of ``requests`` with this project's rule for proxies and certificates.

Holds: ``outbound_session``. Keep out: the rule (``outbound.py``).
Source: https://requests.readthedocs.io/en/latest/user/advanced/#transport-adapters (a custom
SSLContext through the pool's key attributes).
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from gmail_ingest.outbound import proxy_for, tls_context


def outbound_session() -> requests.Session:
    """A session for other hosts; the caller closes it.

    Raises:
        ConfigurationError: as ``outbound.tls_context``; of a request as ``outbound.proxy_for``.
    """
    session = _OutboundSession()
    # Neither the environment nor .netrc is read by the library: a password in .netrc would replace
    # the token.
    session.trust_env = False
    session.mount("https://", _TrustingAdapter(tls_context()))
    return session


class _OutboundSession(requests.Session):
    def merge_environment_settings(self, url: Any, proxies: Any, *others: Any) -> Any:  # noqa: ANN401 - the library's own types are not exported
        proxy = proxy_for(url)
        chosen = {urlsplit(url).scheme: proxy} if proxy else {}
        return super().merge_environment_settings(url, {**(proxies or {}), **chosen}, *others)


class _TrustingAdapter(HTTPAdapter):
    """Verifies certificates by one context, not by the library's own bundle."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - handed on
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, *args: Any) -> None:  # noqa: ANN401, ARG002 - the library's
        conn.cert_reqs = "CERT_REQUIRED"
