"""How an exclusion rule is written: its name, its criteria, and their allowed values.

Holds: ``ExclusionRule``, ``Criteria`` and ``checked``. Add here: the allowed values of another
criterion. Keep out: what a rule hides (``matching.py``), JSON, storage.
Source: docs/google.md#labels (Gmail's label ids; those of users are ``Label_<n>``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeVar

from gmail_ingest.core.ledger.fates import CHANGED, DELETED
from gmail_ingest.core.ledger.scope import LEFT_OUT_REASONS
from gmail_ingest.core.mail.addresses.domains import normal
from gmail_ingest.core.mail.addresses.mailbox_words import address_in
from gmail_ingest.errors import InvalidInputError

T = TypeVar("T", bound=str)

#: Senders that are no person: no-reply addresses, and the parser's three flags.
SenderKind = Literal["no_reply", "bounce", "list", "auto_reply"]
Category = Literal[
    "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_UPDATES",
    "CATEGORY_FORUMS",
]
#: Entries that one list of a rule may have, and rules that a tenant may have.
MAX_ENTRIES = 1000
MAX_RULES = 100

#: The form of a rule's name, which is used in paths, in the ledger and in answers.
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_NAME = re.compile(NAME_PATTERN.strip("^$"), re.ASCII)
#: Reasons of the ledger itself, which answers show in the place of a rule's name.
_RESERVED = LEFT_OUT_REASONS | {CHANGED, DELETED}
#: RFC 1035: 253 characters; a domain beyond ASCII may have either spelling
#: (``core/mail/addresses/domains.py``).
_DOMAIN = re.compile(r"(?=.{1,253}$)[^\s@.,;<>\"()]+(?:\.[^\s@.,;<>\"()]+)*")
_USER_LABEL = "Label_"


@dataclass(frozen=True, slots=True)
class Criteria:
    """The mail that a rule hides: any mail that meets one of these.

    Attributes:
        addresses: Mail that names one of these, in any role.
        domains: Mail that names an address of one of these, or of their subdomains.
        internal_addresses: Mail that names nobody but these, the internal domains, and the owner.
        internal_domains: The same.
        categories: Mail in one of Gmail's categories.
        labels: Mail with one of these Gmail label ids.
        senders: Mail of senders that are no person.
    """

    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    internal_addresses: tuple[str, ...] = ()
    internal_domains: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    labels: tuple[str, ...] = ()
    senders: tuple[SenderKind, ...] = ()


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """A rule of a tenant; ``mailbox`` is the lower-cased address that it is limited to."""

    name: str
    criteria: Criteria
    mailbox: str | None = None
    enabled: bool = True


def checked(rule: ExclusionRule) -> ExclusionRule:
    """The rule as it is stored: addresses and domains in lower case, entries sorted, each once.

    Raises:
        InvalidInputError: names the field as the API writes it; never repeats its value.
    """
    if check_name(rule.name) in _RESERVED:
        raise InvalidInputError("name", "is the name of a built-in rule")
    criteria = rule.criteria
    read = Criteria(
        addresses=_each("addresses", criteria.addresses, _address),
        domains=_each("domains", criteria.domains, _domain),
        internal_addresses=_each("internalAddresses", criteria.internal_addresses, _address),
        internal_domains=_each("internalDomains", criteria.internal_domains, _domain),
        categories=_once(criteria.categories),
        labels=_once(criteria.labels),
        senders=_once(criteria.senders),
    )
    if not any(getattr(read, field.name) for field in fields(read)):
        raise InvalidInputError("body", "names nothing to hide")
    if rule.mailbox is None and any(label.startswith(_USER_LABEL) for label in read.labels):
        raise InvalidInputError(
            "mailbox", "is needed with labels of the user's own: their ids differ in each mailbox"
        )
    mailbox = rule.mailbox.strip().lower() if rule.mailbox is not None else None
    if mailbox == "":
        raise InvalidInputError("mailbox", "must not be empty: leave it out for all mailboxes")
    return replace(rule, criteria=read, mailbox=mailbox)


def check_name(name: str) -> str:
    """Return the name of a rule; InvalidInputError says which names are allowed."""
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            "name", "must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit"
        )
    return name


def _each(field: str, values: Iterable[str], read: Callable[[str], str | None]) -> tuple[str, ...]:
    found = []
    for position, value in enumerate(values):
        entry = read(normal(value.strip()))
        if entry is None:
            what = "an address" if field.lower().endswith("addresses") else "a domain"
            raise InvalidInputError(f"{field}.{position}", f"is not {what}")
        found.append(entry)
    return _once(found)


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(set(values)))


def _address(value: str) -> str | None:
    # As the parser reads it from mail: a rule with any other spelling would match no mail.
    return address_in(value) or None


def _domain(value: str) -> str | None:
    domain = value.removeprefix("@").removesuffix(".")
    return domain if _DOMAIN.fullmatch(domain) else None
