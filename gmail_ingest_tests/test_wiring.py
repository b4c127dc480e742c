from datetime import timedelta

import pytest

from gmail_ingest.adapters.postgres.sync.quota_limiter import PostgresLimiter
from gmail_ingest.core.quota.prices import Prices
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.environment import variable_names
from gmail_ingest.settings import Settings
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.wiring.stores import Stores
from gmail_ingest.wiring.use_cases import UseCases, build_gmail, build_policy
from gmail_ingest_tests.sync.service import KEY


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch) -> None:
    """No setting comes from the machine that runs the tests."""
    for name in variable_names().values():
        monkeypatch.delenv(name, raising=False)


def settings(**values: object) -> Settings:
    """Settings of no machine."""
    return Settings(_env_file=None, **values)


def test_policy_follows_the_settings():
    """What an operator tunes is what a sync does."""
    policy = build_policy(
        settings(initial_sync_days=7, max_attempts=3, calls_per_mailbox=2, lease_seconds=20)
    )
    assert (policy.initial_days, policy.max_attempts, policy.calls_in_flight) == (7, 3, 2)
    assert policy.lease == timedelta(seconds=20)


def test_limiter_is_shared_unless_it_is_off(engine):
    """Limits of zero turn the limiter off; otherwise all processes share one."""
    assert isinstance(Stores(settings(), engine).build_limiter(), PostgresLimiter)
    for name in ("mailbox_units_per_minute", "project_units_per_minute"):
        assert isinstance(Stores(settings(**{name: 0}), engine).build_limiter(), Unlimited)


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "not base64"])
def test_credentials_need_a_good_encryption_key(engine, key):
    """Without a key, or with a wrong one, nothing starts (promise 7)."""
    with pytest.raises(ConfigurationError):
        _ = Stores(settings(encryption_key=key), engine).credentials


def test_credentials_take_the_configured_key(engine):
    """A good key opens the store."""
    assert Stores(settings(encryption_key=KEY.decode()), engine).credentials


def test_prices_of_the_settings_reach_every_use(engine):
    """Planning, limiting, pricing and counting all go by the prices that an operator set (edge case
    110).
    """
    given = settings(quota_prices="messages.get=5, threads.get=10,", encryption_key=KEY)
    prices = Prices(messages_get=5, threads_get=10)
    assert build_policy(given).prices == prices
    gmail = build_gmail(given, Stores(given, engine).credentials)
    assert gmail._prices == prices
    listed = settings(quota_prices="messages.list=3")
    assert UseCases(Stores(listed, engine), gmail).why._price == 3
