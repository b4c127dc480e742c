"""Which rows of several mailboxes are one and the same mail.

Holds: ``Letter`` and ``gather``, pure. Add here: another sign that two rows are, or are not, one
mail. Keep out: SQL, lists.
Source: RFC 5322 section 3.6.4 (a Message-ID names one mail; some senders give it to all of theirs);
edge cases 57 and 102. The caller has already compared Message-ID, sender and the Date header as
sent.

Copies of one mail may differ only by what was added on the way: a list's tag before the subject,
lines above the text (a gateway) or below it (a list). A mailbox never holds two copies. Rows in
doubt are kept apart, so that each is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: The longest time between two deliveries of one mail.
APART = timedelta(days=1)
_TAGS = re.compile(r"^(?:\s*\[[^\]]{1,60}\])+\s*")


@dataclass(frozen=True, slots=True)
class Letter:
    """The values of a row that are compared; the date is Gmail's internal date, UTC."""

    internal_date: datetime
    mailbox_id: int
    gmail_id: str
    subject: str
    text: str


@dataclass(slots=True)
class _Group:
    """Rows that are one mail; all of them are compared with the first."""

    letters: list[Letter] = field(default_factory=list)

    def takes(self, letter: Letter) -> bool:
        head = self.letters[0]
        return (
            all(other.mailbox_id != letter.mailbox_id for other in self.letters)
            and abs(head.internal_date - letter.internal_date) <= APART
            and _same_subject(head.subject, letter.subject)
            and _same_text(_lines(head.text), _lines(letter.text))
        )

    def is_exact(self, letter: Letter) -> bool:
        return _lines(self.letters[0].text) == _lines(letter.text)


def gather(letters: Iterable[Letter]) -> list[list[Letter]]:
    """Return the rows in groups, one mail a group, newest first; no group has a mailbox twice.

    The groups depend on the given rows alone: each page of a list finds the same groups.
    """
    groups: list[_Group] = []
    ordered = sorted(
        letters,
        key=lambda letter: (letter.internal_date, letter.mailbox_id, letter.gmail_id),
        reverse=True,
    )
    for letter in ordered:
        fitting = [group for group in groups if group.takes(letter)]
        if fitting:
            next((group for group in fitting if group.is_exact(letter)), fitting[0]).letters.append(
                letter
            )
        else:
            groups.append(_Group([letter]))
    return [group.letters for group in groups]


def _same_subject(one: str, other: str) -> bool:
    one, other = " ".join(one.split()), " ".join(other.split())
    return one == other or _TAGS.sub("", one) == other or one == _TAGS.sub("", other)


def _same_text(one: list[str], other: list[str]) -> bool:
    """Whether one is the other with whole lines above or below it."""
    short, long = sorted((one, other), key=len)
    if not short:
        return not long
    return any(
        long[start : start + len(short)] == short for start in range(len(long) - len(short) + 1)
    )


def _lines(text: str) -> list[str]:
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]
