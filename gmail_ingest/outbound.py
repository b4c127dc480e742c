"""How this process reaches other hosts: through which proxy, and whose certificates it trusts.

Holds: one rule for all HTTP clients, whatever their library. Add here: a decision that would
otherwise depend on a library's default. Keep out: the clients; calls on loopback between local
processes, which use no proxy (``local/readiness.py``).
Source: https://curl.se/docs/manpage.html: curl's and wget's variables HTTPS_PROXY, HTTP_PROXY,
ALL_PROXY and NO_PROXY, which requests, aiohttp and gRPC read differently or not at all; OpenSSL's
SSL_CERT_FILE and SSL_CERT_DIR.
"""

from __future__ import annotations

import os
import re
import ssl
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies_environment

from gmail_ingest.errors import ConfigurationError

_PORTS = {"http": 80, "https": 443}
#: A file or directory of further certificates, as requests and curl name it.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Variables that OpenSSL itself reads; where one is set, only its certificates count.
_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def proxy_for(url: str) -> str | None:
    """The proxy of a request, by the environment; None for a direct connection.

    HTTPS_PROXY or HTTP_PROXY, by the request's scheme, else ALL_PROXY; lower-case names come first.
    NO_PROXY lists direct connections: hosts (with their subdomains) with or without a port,
    addresses, blocks of addresses (``10.0.0.0/8``), or ``*``.

    Args:
        url: http or https.

    Returns:
        The proxy's URL, with its credentials if it has any.

    Raises:
        ConfigurationError: names the variable whose value is not an http or https proxy.
    """
    target = urlsplit(url)
    known = getproxies_environment()
    if _goes_straight(target.hostname or "", _port(target.scheme, target.port), known.get("no")):
        return None
    for scheme in (target.scheme, "all"):
        if scheme in known:
            return _checked(f"{scheme.upper()}_PROXY", known[scheme])
    return None


def proxy_named(url: str) -> str | None:
    """The proxy of a request for display: host and port, without credentials.

    Raises:
        ConfigurationError: as ``proxy_for``.
    """
    proxy = proxy_for(url)
    if proxy is None:
        return None
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{_port(parts.scheme, parts.port)}"


def trusted_bundle() -> str | None:
    """The file or directory of certificates that the environment names for HTTP clients, if any."""
    return next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), None)


def tls_context() -> ssl.SSLContext:
    """The TLS context of every client, with the certificates that it trusts.

    Those of the system's store, or of SSL_CERT_FILE and SSL_CERT_DIR where they are set, and those
    of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. Where none of these is set, also Mozilla's list: a slim
    container has no store.

    Raises:
        ConfigurationError: names the variable whose file cannot be read.
    """
    context = ssl.create_default_context()
    bundle = trusted_bundle()
    if bundle is None and not any(os.environ.get(name) for name in _OPENSSL):
        import certifi

        bundle = certifi.where()
    if bundle is not None:
        place = {"capath" if Path(bundle).is_dir() else "cafile": bundle}
        try:
            context.load_verify_locations(**place)
        except OSError as exc:
            raise ConfigurationError(
                f"{' or '.join(_BUNDLES)} names {bundle}, which cannot be read as certificates"
            ) from exc
    return context


def _checked(variable: str, value: str) -> str:
    """The proxy's URL with a scheme. Errors never repeat the value: it may hold a password."""
    parts = urlsplit(value if "://" in value else f"http://{value}")
    try:
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"{variable} names no proxy that can be used: write http://HOST:PORT (SOCKS is not "
            "spoken), or name in NO_PROXY the hosts that are reached without"
        )
    return urlunsplit(parts)


def _port(scheme: str, port: int | None) -> int | None:
    return port or _PORTS.get(scheme)


def _goes_straight(host: str, port: int | None, listed: str | None) -> bool:
    host = host.lower().rstrip(".")
    return any(_matches(entry, host, port) for entry in re.split(r"[,\s]+", listed or "") if entry)


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    try:
        block = ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    else:
        return _is_within(host, block)
    name, _, allowed_port = (
        entry.lower().rpartition(":") if re.search(r":\d+$", entry) else (entry, "", "")
    )
    if allowed_port and allowed_port != str(port):
        return False
    name = name.lower().strip("[]").removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _is_within(host: str, block: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host) in block
    except ValueError:
        return False
