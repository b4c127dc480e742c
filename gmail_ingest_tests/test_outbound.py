import ssl
from pathlib import Path

import certifi
import pytest

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.environment import base_environment
from gmail_ingest.local.readiness import is_loopback
from gmail_ingest.outbound import proxy_for, proxy_named, tls_context

GMAIL = "https://gmail.googleapis.com/gmail/v1/users/me/profile"
PROXY = "http://proxy.corp.test:3128"


@pytest.fixture
def environment(monkeypatch):
    def change(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return change


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, PROXY),
        ({"HTTPS_PROXY": "http://other:1", "https_proxy": ""}, None),
        ({"HTTP_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"ALL_PROXY": "socks5://other:1", "HTTPS_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": "proxy.corp.test:3128"}, PROXY),
        ({"HTTPS_PROXY": "https://proxy.corp.test"}, "https://proxy.corp.test"),
    ],
)
def test_proxy_is_that_of_the_scheme(environment, variables, proxy):
    """HTTPS_PROXY of https, ALL_PROXY for what has none, small letters before capitals."""
    environment(**variables)
    assert proxy_for(GMAIL) == proxy


@pytest.mark.parametrize(
    ("listed", "url", "straight"),
    [
        ("*", GMAIL, True),
        ("x.test, *", GMAIL, True),
        ("googleapis.com", GMAIL, True),
        (".googleapis.com", GMAIL, True),
        ("*.googleapis.com", GMAIL, True),
        ("x.test GMAIL.googleapis.COM", GMAIL, True),
        ("gmail.googleapis.com:443", GMAIL, True),
        ("gmail.googleapis.com:8443", GMAIL, False),
        ("apis.com", GMAIL, False),
        ("", GMAIL, False),
        (",,", GMAIL, False),
        ("10.0.0.0/8", "http://10.1.2.3/x", True),
        ("10.1.2.3", "http://10.1.2.3/x", True),
        ("10.1.2.3:80", "http://10.1.2.3/x", True),
        ("10.1.2.3:81", "http://10.1.2.3/x", False),
        ("10.0.0.0/8", "http://11.1.2.3/x", False),
        ("fd00::/8", "http://[fd00::1]:8080/x", True),
        ("[::1]", "http://[::1]:8080/x", True),
        ("[::1]:8080", "http://[::1]:8080/x", True),
        ("::1", "http://[::2]/x", False),
        ("127.0.0.1", "http://127.0.0.1:8085/token", True),
        ("localhost", "http://127.0.0.1:8085/token", False),
    ],
)
def test_no_proxy_names_hosts_addresses_and_blocks(environment, listed, url, straight):
    """One reading of NO_PROXY, whatever the libraries make of it (case 11, edge case 107)."""
    environment(ALL_PROXY=PROXY, NO_PROXY=listed)
    assert (proxy_for(url) is None) is straight


@pytest.mark.parametrize("value", ["socks5://u:secret@p:1", "http://", "http://u:secret@p:x"])
def test_proxy_that_cannot_be_used_is_refused(environment, value):
    """The variable is named with the remedy, and the value, which may hold a password, is not."""
    environment(HTTPS_PROXY=value)
    with pytest.raises(ConfigurationError, match=r"HTTPS_PROXY .*http://HOST:PORT") as raised:
        proxy_for(GMAIL)
    assert "secret" not in str(raised.value)


def test_proxy_is_shown_without_its_credentials(environment):
    """What logs and the doctor say is host and port."""
    environment(HTTPS_PROXY="http://user:secret@proxy.corp.test")
    assert proxy_named(GMAIL) == "proxy.corp.test:80"


def test_certificates_are_those_that_the_environment_names(environment, monkeypatch, tmp_path):
    """One certificate named is the only one trusted; a file that is none is refused by name."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    whole = tls_context().cert_store_stats()["x509_ca"]
    first = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    bundle = tmp_path / "ca.pem"
    bundle.write_text(first[0] + first[1] + "\n")
    environment(SSL_CERT_FILE=str(bundle), SSL_CERT_DIR=str(tmp_path))
    context = tls_context()
    assert context.cert_store_stats()["x509_ca"] == 1 < whole
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    environment(REQUESTS_CA_BUNDLE=str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
        tls_context()


@pytest.mark.parametrize("name", ["https_proxy", "HTTP_PROXY", "all_proxy", "grpc_proxy"])
def test_children_reach_each_other_without_the_proxy(tmp_path, name):
    """Processes of one deployment meet on loopback, by gRPC as well, whatever proxy there is."""
    found = base_environment({name: PROXY, "NO_PROXY": "x.test"}, tmp_path)
    assert found["no_proxy"] == found["NO_PROXY"] == "x.test,127.0.0.1,localhost,::1"
    assert "no_proxy" not in base_environment({name: ""}, tmp_path)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8000", True),
        ("http://localhost:8000", True),
        ("https://api.crm.test", False),
        ("https://127.0.0.1.crm.test", False),
    ],
)
def test_is_loopback_knows_this_machine(url, loopback):
    """Names and numbers of this machine, and nothing that only looks like them."""
    assert is_loopback(url) is loopback
