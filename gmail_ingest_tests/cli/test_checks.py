from base64 import b64encode

import pytest

from gmail_ingest.cli.checks import check_proxy, check_push, check_settings, require_startable
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import Settings

KEY = b64encode(bytes(range(32))).decode()
PUSH = {
    "pubsub_topic": "projects/crm/topics/gmail",
    "pubsub_audience": "https://crm.example/webhooks/pubsub",
    "pubsub_service_account": "push@crm.iam.gserviceaccount.com",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No setting comes from the machine that runs the tests."""
    from gmail_ingest.local.environment import variable_names

    monkeypatch.chdir(tmp_path)
    for name in variable_names().values():
        monkeypatch.delenv(name, raising=False)


def test_require_startable_names_the_missing_key_and_the_remedy():
    """Without an encryption key nothing starts, and the text says how to make one."""
    with pytest.raises(ConfigurationError, match="gmail-ingest keys generate-encryption"):
        require_startable(Settings())


def test_require_startable_accepts_service_accounts_alone():
    """A key is enough to start: OAuth and push are what one may do without."""
    require_startable(Settings(encryption_key=KEY))


@pytest.mark.parametrize("missing", sorted(PUSH))
def test_require_startable_refuses_half_of_push(missing):
    """Push without audience or service account would be refused, every one: nothing starts."""
    half = {name: value for name, value in PUSH.items() if name != missing}
    with pytest.raises(ConfigurationError, match=missing.upper()):
        require_startable(Settings(encryption_key=KEY, **half))


def test_require_startable_refuses_half_an_oauth_client():
    """A client id without its secret is a mistake, not a choice."""
    with pytest.raises(ConfigurationError, match="GOOGLE_CLIENT_SECRET"):
        require_startable(Settings(encryption_key=KEY, google_client_id="client"))


def test_check_push_refuses_a_short_topic_name():
    """A topic must be named in full, as Gmail wants it."""
    (check,) = check_push(Settings(**PUSH | {"pubsub_topic": "gmail"}))
    assert not check.passed
    assert "projects/PROJECT/topics/TOPIC" in check.detail


def test_check_push_refuses_a_topic_of_another_project():
    """Gmail refuses a watch whose topic is in another project than the client's."""
    (check,) = check_push(Settings(**PUSH, google_cloud_project_id="other"))
    assert not check.passed


def test_check_settings_passes_a_whole_configuration():
    """All set: nothing to say."""
    whole = Settings(
        encryption_key=KEY,
        google_client_id="client",
        google_client_secret="secret",
        google_cloud_project_id="crm",
        **PUSH,
    )
    assert [check.name for check in check_settings(whole) if not check.passed] == []


def test_check_settings_never_shows_a_secret():
    """No judgement repeats the value of a secret."""
    shown = str(
        check_settings(Settings(encryption_key="not-base64!", google_client_secret="s3cret"))
    )
    assert "not-base64!" not in shown
    assert "s3cret" not in shown


def test_check_proxy_names_the_proxy_of_each_host(monkeypatch):
    """The proxy in use is named without its credentials; one that cannot be used stops the start
    (case 11).
    """
    assert check_proxy(Settings()).detail == "none: Google is reached directly"
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "oauth2.googleapis.com")
    found = check_proxy(Settings())
    assert found.passed
    assert found.detail == (
        "no proxy for oauth2.googleapis.com; "
        "proxy.test:3128 for gmail.googleapis.com, www.googleapis.com"
    )
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:secret@proxy.test")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as raised:
        require_startable(Settings(encryption_key=KEY))
    assert "secret" not in str(raised.value)
