import io
import re
import threading

import pytest
import requests
from rich.console import Console

from gmail_ingest.cli.consent import ask_for_consent
from gmail_ingest.errors import ConfigurationError, ReauthoriseError
from gmail_ingest.local.consent import Consent, OAuthClient
from gmail_ingest_tests.cli.waiting import eventually
from gmail_sandbox.server import Sandbox

ADDRESS = "sales@acme.example"
REDIRECT = "http://127.0.0.1/consent"


@pytest.fixture(scope="module")
def google():
    """A sandbox with one mailbox."""
    with Sandbox.in_thread() as sandbox:
        made = requests.post(
            f"{sandbox.url}/sandbox/mailboxes", json={"address": ADDRESS}, timeout=10
        )
        made.raise_for_status()
        yield sandbox


@pytest.fixture
def client(google):
    """The sandbox's own OAuth client."""
    known = google.state.settings
    return OAuthClient(
        known.client_id,
        known.client_secret,
        f"{google.url}/o/oauth2/v2/auth",
        f"{google.url}/token",
    )


@pytest.fixture
def session():
    """An HTTP session that is closed."""
    with requests.Session() as made:
        yield made


def redirect_of(consent, session):
    """Where the owner's browser is sent when they consent."""
    return session.get(consent.url(ADDRESS), allow_redirects=False, timeout=10).headers["Location"]


def test_consent_yields_a_grant_that_reads_the_mailbox(google, client, session):
    """Code and verifier are exchanged for tokens, and the access token opens the mailbox."""
    consent = Consent(client, REDIRECT)
    grant = consent.redeem(redirect_of(consent, session), session)
    profile = session.get(
        f"{google.url}/gmail/v1/users/me/profile",
        headers={"Authorization": f"Bearer {grant.access_token}"},
        timeout=10,
    ).json()
    assert profile["emailAddress"] == ADDRESS
    assert grant.refresh_token
    assert grant.access_token not in repr(grant)


def test_consent_refuses_an_answer_to_another_question(client, session):
    """A redirect with another state is not redeemed: somebody may have planted it."""
    consent, other = Consent(client, REDIRECT), Consent(client, REDIRECT)
    with pytest.raises(ReauthoriseError, match="another consent"):
        consent.redeem(redirect_of(other, session), session)


def test_consent_code_is_useless_without_its_verifier(client, session):
    """Whoever intercepts a code cannot exchange it: the verifier never left this process."""
    consent, thief = Consent(client, REDIRECT), Consent(client, REDIRECT)
    stolen = redirect_of(consent, session)
    thief._state = consent._state
    with pytest.raises(ReauthoriseError, match="invalid_grant"):
        thief.redeem(stolen, session)


def test_consent_reports_a_refusal(client, session):
    """An owner who says no is reported as that."""
    consent = Consent(client, REDIRECT)
    with pytest.raises(ReauthoriseError, match="access_denied"):
        consent.redeem(f"{REDIRECT}?error=access_denied&state={consent._state}", session)


def test_ask_for_consent_catches_the_redirect(client):
    """The printed link leads through Google back to the waiting command."""
    shown, grants = io.StringIO(), []
    notes = Console(file=shown, soft_wrap=True)
    asking = threading.Thread(
        target=lambda: grants.append(ask_for_consent(client, 0, notes)), daemon=True
    )
    asking.start()
    link = eventually(lambda: re.search(r"(http\S+auth\?\S+)\n", shown.getvalue()))
    with requests.Session() as browser:
        assert "close this page" in browser.get(link[1], timeout=10).text
    asking.join(timeout=20)
    assert len(grants) == 1


def test_ask_for_consent_names_a_taken_port(google, client):
    """A port that somebody else listens on is an error with a remedy."""
    taken = int(google.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match="choose another --port"):
        ask_for_consent(client, taken)
