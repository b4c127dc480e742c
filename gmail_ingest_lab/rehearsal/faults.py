"""Faults at Google, drawn at random: which calls break, how, and how often.

Holds: ``Fault`` and ``draw_faults``, pure. Add here: a way in which Google or the way to it fails.
Keep out: crashes of our own processes (``crashes``).
Source: docs/google.md#errors, #history, #notifications; the rules are those of
docs/sandbox.md#faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

_GMAIL = "gmail.users.*"
_GET = "gmail.users.*.get"
_LIST = "gmail.users.*.list"
#: A list of labels or of sending addresses has no pages, so Google never refuses a token of theirs.
_PAGED = ("gmail.users.messages.list", "gmail.users.history.list")
_TOKEN = "oauth2.token"  # noqa: S105 - the name of a method
_PUSH = "pubsub.push"

_API_ERRORS = (
    "user_quota_exceeded",
    "user_rate_limit_exceeded",
    "too_many_concurrent",
    "retry_after",
    "resource_exhausted",
    "backend_error",
    "unavailable",
    "deadline_exceeded",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule for the sandbox, counted under its ``kind``."""

    kind: str
    rule: Mapping[str, Any]


def _error(method: str, name: str) -> Fault:
    return Fault(name, {"method": method, "action": "error", "error": name})


#: Each kind once, or once for each method. ``times`` bounds those that must stay rare.
KINDS: tuple[Fault, ...] = (
    *(_error(_GMAIL, name) for name in _API_ERRORS),
    Fault("html", {"method": _GMAIL, "action": "html"}),
    Fault("reset", {"method": _GMAIL, "action": "reset"}),
    Fault("truncated", {"method": _GMAIL, "action": "truncate"}),
    Fault("timeout", {"method": _GET, "action": "latency", "latencyMs": 6_000, "times": 6}),
    Fault("slow", {"method": _GMAIL, "action": "latency", "latencyMs": 300}),
    *(
        Fault(
            "invalid_page_token",
            {"method": method, "action": "error", "error": "invalid_page_token", "times": 2},
        )
        for method in _PAGED
    ),
    Fault("empty_page", {"method": _LIST, "action": "emptyPage", "times": 3}),
    # Once only: twice in a row would be a message that is gone (edge case 13).
    Fault(
        "young_not_found",
        {
            "method": "gmail.users.messages.get",
            "action": "error",
            "error": "not_found",
            "times": 1,
        },
    ),
    Fault("token_500", {"method": _TOKEN, "action": "error", "error": "internal_failure"}),
    Fault("token_503", {"method": _TOKEN, "action": "error", "error": "temporarily_unavailable"}),
    Fault("token_html", {"method": _TOKEN, "action": "html"}),
    Fault("token_reset", {"method": _TOKEN, "action": "reset"}),
    Fault("certificates", {"method": "oauth2.certs", "action": "html"}),
    Fault("push_lost", {"method": _PUSH, "action": "drop"}),
    Fault("push_doubled", {"method": _PUSH, "action": "duplicate"}),
    Fault("push_late", {"method": _PUSH, "action": "delay", "latencyMs": 4_000}),
)


def draw_faults(dice: Random, most: int = 4) -> list[Fault]:
    """Some faults of different kinds, each with its share of calls."""
    return [
        Fault(
            fault.kind,
            {
                "probability": dice.choice((0.1, 0.25, 0.5)),
                "seed": dice.randrange(10**6),
                "retryAfterSeconds": dice.randrange(1, 4),
                **fault.rule,
            },
        )
        for fault in dice.sample(KINDS, dice.randint(1, most))
    ]
