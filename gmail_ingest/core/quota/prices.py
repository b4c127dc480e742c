"""Google's price list: what each call costs in quota units.

Holds: the prices as one frozen dataclass, and how a setting names them. Add here: the price of
another method. Keep out: budgets and limiting, which are state.
Source: docs/google.md#prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Google's name of each method, as a setting writes it, to the field of ``Prices``.
METHODS: Mapping[str, str] = {
    "messages.get": "messages_get",
    "messages.attachments.get": "attachments_get",
    "threads.get": "threads_get",
    "messages.list": "messages_list",
    "history.list": "history_list",
    "labels.list": "labels_list",
    "getProfile": "profile_get",
    "sendAs.list": "send_as_list",
    "watch": "watch",
    "stop": "stop",
}
#: Upper bound of a setting: no call has ever cost more. A price of 0 would switch the limiter off.
_DEAREST = 1_000


@dataclass(frozen=True, slots=True)
class Prices:
    """Quota units per call; they change, so settings may override each."""

    messages_get: int = 20
    attachments_get: int = 20
    threads_get: int = 40
    messages_list: int = 5
    history_list: int = 2
    labels_list: int = 1
    profile_get: int = 1
    send_as_list: int = 1
    watch: int = 100
    stop: int = 50


def parse_prices(text: str) -> Prices:
    """The prices of a setting; methods that it does not name keep their default price.

    Args:
        text: pairs such as ``messages.get=5, threads.get=10``; empty for the defaults.

    Raises:
        ValueError: an unknown method, a method named twice, or a price that is not 1 to 1,000; the
            text says which, and what may be written.
    """
    found: dict[str, int] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        method, _, units = (part.strip() for part in pair.partition("="))
        name = METHODS.get(method)
        if name is None:
            raise ValueError(f"{method!r} is no method with a price: name {', '.join(METHODS)}")
        if name in found:
            raise ValueError(f"{method} has two prices")
        if not (units.isascii() and units.isdigit() and 1 <= int(units) <= _DEAREST):
            raise ValueError(f"{method} needs a price from 1 to {_DEAREST:,} units: {method}=20")
        found[name] = int(units)
    return Prices(**found)
