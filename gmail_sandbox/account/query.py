"""Gmail's search syntax, as far as API clients use it.

Holds: the parser from ``q`` to conditions.
Add here: an operator. Keep out: what a condition looks at (``conditions.py``), the index.
Source: docs/google.md#search; https://support.google.com/mail/answer/7190 (operators).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from gmail_sandbox.account.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Constant,
    HasAttachment,
    HasLabel,
    HasRfcId,
    HasUserLabel,
    HasWords,
    InPeriod,
    Not,
    OfSize,
    cheap_first,
    looks_at_labels_only,
)
from gmail_sandbox.account.errors import InvalidQueryError
from gmail_sandbox.account.threads import rfc_key
from gmail_sandbox.mail.words import normalise

_MAX_DEPTH: Final = 50
_TOKEN: Final = re.compile(
    r"""
        (?P<close>[)}])
      | (?P<minus>-)(?=\S)
      | (?:(?P<operator>[A-Za-z][A-Za-z0-9_]*):(?=[^\s)}]))?
        (?: (?P<open>[({]) | "(?P<phrase>[^"]*)"? | (?P<word>[^\s(){}"]+) )
    """,
    re.VERBOSE,
)
# Dates without a time mean midnight Pacific Standard Time, all year round (edge case 61).
_PST: Final = timezone(timedelta(hours=-8))
_DAY: Final = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})\Z")
_AGE: Final = re.compile(r"(\d{1,6})([dmy])\Z")
_AGE_DAYS: Final = {"d": 1, "m": 30, "y": 365}
_SIZE: Final = re.compile(r"(\d{1,12})([kKmM]?)[bB]?\Z")
_SIZE_UNITS: Final = {"": 1, "k": 1024, "m": 1024 * 1024}
_WORD_FIELDS: Final = {
    "from": ("from",),
    "to": ("to", "cc", "bcc"),
    "cc": ("cc",),
    "bcc": ("bcc",),
    "subject": ("subject",),
    "list": ("list",),
    "deliveredto": ("deliveredto",),
    "filename": ("filename",),
}
_PLACES: Final = {
    "drafts": "DRAFT",
    "chats": "CHAT",
    "bin": "TRASH",
    "primary": "CATEGORY_PERSONAL",
}
_PERIODS: Final = {"after", "newer", "before", "older", "newer_than", "older_than"}
_SIZES: Final = {"larger", "size", "smaller"}
_NOT_ARCHIVED: Final = ("INBOX", "SENT", "DRAFT", "SPAM", "TRASH")


@dataclass(frozen=True, slots=True)
class Context:
    """What a query's words refer to: the time, whose mailbox, and which labels it has."""

    now: float
    address: str
    find_label: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; a period, Message-ID or label that must hold for every result is taken out.

    `start` and `end` are epoch milliseconds, half-open. A condition of None asks nothing.
    """

    on_labels: Condition | None
    on_others: Condition | None
    start: int | None = None
    end: int | None = None
    rfc_key: int | None = None
    reaches_spam_trash: bool = False


def parse_query(q: str, context: Context) -> Query:
    """Parse a search query.

    Args:
        q: as a client sends it.
        context: what its words refer to.

    Raises:
        InvalidQueryError: unbalanced brackets, a date, age or size that is none, or too deep.
    """
    parser = _Parser(q, context)
    conditions = parser.all_conditions()
    start: int | None = None
    end: int | None = None
    key: int | None = None
    on_labels: list[Condition] = []
    on_others: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, InPeriod):
            starts = [bound for bound in (start, condition.start) if bound is not None]
            ends = [bound for bound in (end, condition.end) if bound is not None]
            start, end = max(starts, default=None), min(ends, default=None)
        elif isinstance(condition, HasRfcId) and key is None:
            key = condition.key
        elif looks_at_labels_only(condition):
            on_labels.append(condition)
        else:
            on_others.append(condition)
    return Query(
        on_labels=AllOf(tuple(on_labels)) if on_labels else None,
        on_others=AllOf(cheap_first(on_others)) if on_others else None,
        start=start,
        end=end,
        rfc_key=key,
        reaches_spam_trash=parser.reaches_spam_trash,
    )


class _Parser:
    def __init__(self, q: str, context: Context) -> None:
        self._tokens = list(_TOKEN.finditer(q))
        self._position = 0
        self._context = context
        self._depth = 0
        self._negated = False
        self.reaches_spam_trash = False

    def all_conditions(self) -> list[Condition]:
        conditions = self._sequence("")
        if self._next() is not None:
            raise InvalidQueryError("unbalanced bracket")
        return conditions

    def _next(self) -> re.Match[str] | None:
        if self._position == len(self._tokens):
            return None
        self._position += 1
        return self._tokens[self._position - 1]

    def _sequence(self, operator: str) -> list[Condition]:
        """Read up to a closing bracket, which is left unread; OR binds closer than AND."""
        conditions: list[Condition] = []
        joined = False
        while (token := self._next()) is not None:
            if token["close"]:
                self._position -= 1
                break
            if token["word"] in {"OR", "AND"} and not token["operator"]:
                joined = token["word"] == "OR" and bool(conditions)
                continue
            condition = self._condition(token, operator)
            if joined:
                condition = AnyOf(cheap_first((conditions.pop(), condition)))
                joined = False
            conditions.append(condition)
        return conditions

    def _condition(self, token: re.Match[str], operator: str) -> Condition:
        if token["minus"]:
            return self._negation(operator)
        own = token["operator"]
        if token["open"]:
            return self._group(token["open"], own.lower() if own else operator)
        text = token["word"] if token["phrase"] is None else token["phrase"]
        return self._term(own, text) if own else self._term(operator, text)

    def _negation(self, operator: str) -> Condition:
        token = self._next()
        if token is None or token["close"]:
            raise InvalidQueryError("nothing to negate")
        self._descend()
        self._negated = not self._negated
        condition = self._condition(token, operator)
        self._negated = not self._negated
        self._depth -= 1
        return Not(condition)

    def _group(self, opening: str, operator: str) -> Condition:
        self._descend()
        conditions = cheap_first(self._sequence(operator))
        self._depth -= 1
        closing = self._next()
        if closing is None or closing["close"] != {"(": ")", "{": "}"}[opening]:
            raise InvalidQueryError("unbalanced bracket")
        return AllOf(conditions) if opening == "(" else AnyOf(conditions)

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InvalidQueryError("the query is nested too deeply")

    def _term(self, operator: str, text: str) -> Condition:
        name = operator.lower()
        if name in {"in", "label", "category"}:
            return self._place(name, text)
        if name == "is":
            return self._state(text.lower())
        if name == "has":
            return self._property(text.lower())
        if name in _PERIODS:
            return _period(name, text, self._context.now)
        if name in _SIZES:
            return _size(name, text)
        if name == "rfc822msgid":
            return HasRfcId(rfc_key(text))
        if name in _WORD_FIELDS:
            me = text.lower() == "me" and name != "subject"
            return _words(self._context.address if me else text, _WORD_FIELDS[name])
        return _words(f"{operator}:{text}" if operator else text, ())

    def _place(self, name: str, text: str) -> Condition:
        place = text.lower()
        if name == "in" and place == "anywhere":
            self.reaches_spam_trash = self.reaches_spam_trash or not self._negated
            return Constant(value=True)
        if name == "in" and place in {"archive", "archived"}:
            return Not(AnyOf(tuple(HasLabel(label_id) for label_id in _NOT_ARCHIVED)))
        if name == "category":
            return HasLabel(_PLACES.get(place, f"CATEGORY_{text.upper()}"))
        label_id = self._context.find_label(_PLACES.get(place, text))
        if label_id in {"SPAM", "TRASH"} and not self._negated:
            self.reaches_spam_trash = True
        return Constant(value=False) if label_id is None else HasLabel(label_id)

    def _state(self, state: str) -> Condition:
        if state == "read":
            return Not(HasLabel("UNREAD"))
        label_id = self._context.find_label(state)
        return Constant(value=False) if label_id is None else HasLabel(label_id)

    def _property(self, name: str) -> Condition:
        if name == "attachment":
            return HasAttachment()
        if name == "userlabels":
            return HasUserLabel()
        return Not(HasUserLabel()) if name == "nouserlabels" else Constant(value=False)


def _words(text: str, fields: tuple[str, ...]) -> Condition:
    phrase = normalise(text)
    # Punctuation alone asks for nothing.
    return Constant(value=True) if phrase == b" " else HasWords(phrase, fields)


def _period(name: str, text: str, now: float) -> InPeriod:
    if name in {"newer_than", "older_than"}:
        age = _AGE.match(text.lower())
        if not age:
            raise InvalidQueryError(f"{name} needs a number and d, m or y")
        limit = int((now - int(age[1]) * _AGE_DAYS[age[2]] * 86_400) * 1000)
        return InPeriod(start=limit) if name == "newer_than" else InPeriod(end=limit)
    limit = _date(name, text)
    return InPeriod(start=limit) if name in {"after", "newer"} else InPeriod(end=limit)


def _date(name: str, text: str) -> int:
    """Return epoch milliseconds of epoch seconds or of a day."""
    if text.isascii() and text.isdigit():
        return int(text[:18]) * 1000
    day = _DAY.match(text)
    if not day:
        raise InvalidQueryError(f"{name} needs epoch seconds or YYYY/MM/DD")
    try:
        midnight = datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=_PST)
    except ValueError as exc:
        raise InvalidQueryError(f"{name} needs a day that exists") from exc
    return int(midnight.timestamp()) * 1000


def _size(name: str, text: str) -> OfSize:
    size = _SIZE.match(text)
    if not size:
        raise InvalidQueryError(f"{name} needs a number of bytes, K or M")
    limit = int(size[1]) * _SIZE_UNITS[size[2].lower()]
    return OfSize(below=limit) if name == "smaller" else OfSize(above=limit)
