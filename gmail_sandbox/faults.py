"""Faults on demand: rules that break chosen calls.

Holds: ``FaultRule``, its JSON shape, and ``Faults``, which decides for each call. Add here: a way
to choose a call, or the name of a way to break it (``Action``); it is done where the call is
answered (``fault_response``, ``gmail_reads``, ``push/delivery``). Keep out: Google's words
(``google_errors``).
Source: docs/google.md#errors, #history, #notifications. The same rules, seeds and calls give the
same faults.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from gmail_sandbox.counters import Counters
from gmail_sandbox.wire.google_errors import ERRORS
from gmail_sandbox.wire.wire_model import WireModel

Action = Literal[
    "error",
    "status",
    "latency",
    "reset",
    "truncate",
    "html",
    "expiredHistory",
    "emptyPage",
    "staleIndex",
    "shuffled",
    "drop",
    "duplicate",
    "delay",
]

_PUSH = frozenset({"pubsub.push"})
_SEARCHES = frozenset({"gmail.users.messages.list", "gmail.users.threads.list"})
_LISTS = _SEARCHES | {"gmail.users.history.list"}
#: Actions that apply to these methods only; all others apply to every call but a push.
_ONLY_FOR: dict[Action, frozenset[str]] = {
    "expiredHistory": frozenset({"gmail.users.history.list"}),
    "emptyPage": _LISTS,
    "staleIndex": _SEARCHES,
    "shuffled": _SEARCHES,
    "drop": _PUSH,
    "duplicate": _PUSH,
    "delay": _PUSH,
}
#: Actions that are done to pushes.
PUSH_ACTIONS = frozenset(action for action, methods in _ONLY_FOR.items() if methods == _PUSH)


class FaultRule(WireModel):
    """One rule: which calls (all conditions together), how often, and what happens to them.

    ``method`` is a glob over names such as ``gmail.users.messages.get``, ``oauth2.token`` and
    ``pubsub.push``. Of ``nth`` (from 1), ``every`` and ``probability`` at most one is given; none
    means each matching call. ``times`` ends the rule after that many hits. ``drop``,
    ``duplicate`` and ``delay`` are for pushes, ``expiredHistory`` for history.list, ``emptyPage``
    for the paged lists; ``latency`` and ``delay`` answer later, and do not break the call. Lists of
    messages and
    threads are searches: with ``staleIndex`` they do not find mail of the last ``staleSeconds``,
    with ``shuffled`` each page is in an order of its own.
    """

    method: str = "*"
    mailbox: str | None = None
    message_id: str | None = None
    nth: Annotated[frozenset[int], Field(default_factory=frozenset)]
    every: Annotated[int | None, Field(ge=1)] = None
    probability: Annotated[float | None, Field(ge=0, le=1)] = None
    seed: int = 0
    times: Annotated[int | None, Field(ge=1)] = None
    action: Action
    error: str | None = None
    status: Annotated[int | None, Field(ge=200, le=599)] = None
    body: str | dict[str, Any] | None = None
    headers: Annotated[dict[str, str], Field(default_factory=dict)]
    latency_ms: Annotated[float, Field(ge=0)] = 0.0
    stale_seconds: Annotated[float, Field(ge=0)] = 60.0
    retry_after_seconds: Annotated[float, Field(ge=0)] = 900.0

    @field_validator("mailbox")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return None if value is None else value.lower()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        chosen = [bool(self.nth), self.every is not None, self.probability is not None]
        if sum(chosen) > 1:
            raise ValueError("give only one of nth, every and probability")
        if self.action == "error" and self.error not in ERRORS:
            raise ValueError(f"error must be one of {', '.join(sorted(ERRORS))}")
        if self.action == "status" and self.status is None:
            raise ValueError("action status needs a status")
        return self


@dataclass(slots=True)
class ArmedRule:
    """A rule in force, with its counts of matching calls and of hits."""

    id: str
    rule: FaultRule
    matched: int = 0
    hits: int = 0
    dice: random.Random = field(default_factory=random.Random)

    def report(self) -> dict[str, Any]:
        """Return the rule and its counts in the shape of ``GET /sandbox/faults``."""
        shown = self.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"id": self.id, **shown, "matched": self.matched, "hits": self.hits}

    def strikes(self, method: str, mailbox: str | None, message_id: str | None) -> bool:
        """Tell whether this call is hit, and count it."""
        rule = self.rule
        if rule.times is not None and self.hits >= rule.times:
            return False
        if rule.mailbox is not None and rule.mailbox != mailbox:
            return False
        if rule.message_id is not None and rule.message_id != message_id:
            return False
        if not fnmatchcase(method, rule.method) or not _applies(rule.action, method):
            return False
        self.matched += 1
        if not self._due():
            return False
        self.hits += 1
        return True

    def _due(self) -> bool:
        rule = self.rule
        if rule.nth:
            return self.matched in rule.nth
        if rule.every is not None:
            return self.matched % rule.every == 0
        if rule.probability is not None:
            return self.dice.random() < rule.probability
        return True


@dataclass(slots=True)
class Strike:
    """The effect on one call: at most one breaking rule, and the latency of all rules that hit."""

    rule: FaultRule | None = None
    latency: float = 0.0

    @property
    def action(self) -> Action | None:
        """The action of the breaking rule, if there is one."""
        return None if self.rule is None else self.rule.action


def _applies(action: Action, method: str) -> bool:
    only = _ONLY_FOR.get(action)
    return method not in _PUSH if only is None else method in only


_UNHARMED = Strike()


class Faults:
    """The rules in force, in the order in which they were added; the first that hits decides."""

    def __init__(self, counters: Counters) -> None:
        self._armed: dict[str, ArmedRule] = {}
        self._ids = count(1)
        self._counters = counters

    def add(self, rule: FaultRule) -> ArmedRule:
        """Put a rule in force, and return it with its id."""
        name = f"fault-{next(self._ids)}"
        armed = ArmedRule(
            name, rule, dice=random.Random(f"{rule.seed}:{rule.method}:{rule.action}")
        )
        self._armed[name] = armed
        return armed

    def rules(self) -> list[ArmedRule]:
        """Return the rules in force, with their counts."""
        return list(self._armed.values())

    def remove(self, rule_id: str | None = None) -> int:
        """Remove one rule, or all, and return how many were removed."""
        if rule_id is None:
            removed = len(self._armed)
            self._armed.clear()
            return removed
        return 0 if self._armed.pop(rule_id, None) is None else 1

    def strike(self, method: str, mailbox: str | None, message_id: str | None = None) -> Strike:
        """Decide which rules hit a call.

        Args:
            method: the name of the method, such as ``gmail.users.messages.get``.
            mailbox: the lower-cased address of the mailbox, where one is known.
            message_id: the message, thread or attachment's message that the call names.
        """
        if not self._armed:
            return _UNHARMED
        latency = 0.0
        for armed in self._armed.values():
            if not armed.strikes(method, mailbox, message_id):
                continue
            self._counters.faults[armed.rule.action] += 1
            latency += armed.rule.latency_ms / 1_000
            if armed.rule.action not in {"latency", "delay"}:
                return Strike(armed.rule, latency)
        return Strike(None, latency)
