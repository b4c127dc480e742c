from dataclasses import fields

import pytest
from pydantic import ValidationError

from gmail_ingest.core.quota.prices import METHODS, Prices, parse_prices
from gmail_ingest.settings import Settings


def test_every_price_can_be_set():
    """Each price has Google's name of its method, and no two have the same."""
    assert sorted(METHODS.values()) == sorted(field.name for field in fields(Prices))
    text = ",".join(f"{method}={units}" for units, method in enumerate(METHODS, 1))
    assert parse_prices(text) == Prices(*range(1, 11))


@pytest.mark.parametrize("text", ["", " ", ",", "messages.get=20"])
def test_what_is_not_named_costs_its_default(text):
    """An empty setting changes nothing."""
    assert parse_prices(text) == Prices()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("message.get=5", "'message.get' is no method .*messages.get, messages.attachments.get"),
        ("messages_get=5", "'messages_get' is no method"),
        ("Messages.Get=5", "'Messages.Get' is no method"),
        ("messages.get", "messages.get needs a price"),
        ("messages.get=", "messages.get needs a price"),
        ("messages.get=0", "messages.get needs a price"),
        ("messages.get=-5", "messages.get needs a price"),
        ("messages.get=5.5", "messages.get needs a price"),
        ("messages.get=1001", "messages.get needs a price"),
        ("messages.get=\u0665", "messages.get needs a price"),
        ("messages.get=5;threads.get=10", "messages.get needs a price"),
        ("messages.get=5,messages.get=6", "messages.get has two prices"),
    ],
)
def test_prices_that_are_no_prices_are_refused(text, told):
    """A misspelt name or number stops the start, and says what may be written (edge case 110)."""
    with pytest.raises(ValueError, match=told):
        parse_prices(text)
    with pytest.raises(ValidationError, match=told):
        Settings(_env_file=None, quota_prices=text)
