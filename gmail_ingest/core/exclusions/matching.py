"""Exclusion rules of a tenant: which stored mail the CRM does not see, and by which rule.

Holds: ``MailFacts`` and ``Rulebook``, which decides for new and for stored mail alike. Add here:
another criterion, with the fact that it needs. Keep out: how a rule is written and checked
(``exclusion_rules.py``), Gmail's own labels that keep mail out (``scope.py``), storage.
Source: docs/promises.md#promise-5; edge cases 17, 64, 65.

Addresses and domains are compared with everybody whom the mail names, in any role, except the
mailbox's owner: a blocked address hides mail from it and mail to it. A domain covers its
subdomains. Two spellings of one domain (``bücher.example``, ``xn--bcher-kva.example``) are one
(case 18).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from gmail_ingest.core.exclusions.exclusion_rules import ExclusionRule, SenderKind
from gmail_ingest.core.mail.addresses.addresses import fold_address, is_no_reply
from gmail_ingest.core.mail.addresses.domains import ascii_domain, canonical_address
from gmail_ingest.core.mail.message import ParsedMessage


@dataclass(frozen=True, slots=True)
class MailFacts:
    """The facts of a mail that rules check. The flags are the parser's (``classify.py``).

    Attributes:
        sender: The first address of From, lower-cased.
        addresses: Everybody named, in any role, lower-cased.
        label_ids: Gmail's label ids.
        is_auto_reply: A program answered in a person's place.
        is_bounce: A report that delivery to somebody failed.
        is_list: Came through a mailing list, or is bulk mail (``lists`` has the rule).
    """

    sender: str | None
    addresses: frozenset[str]
    label_ids: frozenset[str]
    is_auto_reply: bool
    is_bounce: bool
    is_list: bool


_SENDER_KINDS: Mapping[SenderKind, Callable[[MailFacts], bool]] = {
    "no_reply": lambda facts: is_no_reply(facts.sender or ""),
    "bounce": lambda facts: facts.is_bounce,
    "list": lambda facts: facts.is_list,
    "auto_reply": lambda facts: facts.is_auto_reply,
}


def facts_of(message: ParsedMessage) -> MailFacts:
    """The facts of a fetched message that rules check."""
    return MailFacts(
        sender=message.sender.address if message.sender else None,
        addresses=frozenset(participant.address for participant in message.participants),
        label_ids=frozenset(message.label_ids),
        is_auto_reply=message.is_auto_reply,
        is_bounce=message.is_bounce,
        is_list=message.is_list,
    )


class Rulebook:
    """A tenant's rules, as they stand for one mailbox.

    Args:
        rules: all rules of the tenant; those disabled, or of another mailbox, are left out.
        address: the mailbox's, lower-cased.
        aliases: further addresses of its owner.
    """

    def __init__(
        self, rules: Iterable[ExclusionRule], address: str, aliases: Collection[str] = ()
    ) -> None:
        owner = frozenset(fold_address(alias) for alias in (address, *aliases))
        valid = (rule for rule in rules if rule.enabled and rule.mailbox in {None, address})
        # By name, so that the rule that is named does not depend on the order of creation.
        self._judges = [_Judge(rule, owner) for rule in sorted(valid, key=lambda rule: rule.name)]

    @property
    def is_empty(self) -> bool:
        """Whether it has no rule that could hide mail."""
        return not self._judges

    def hiding(self, facts: MailFacts) -> str | None:
        """The name of the first rule, by name, that hides such a mail; None if none does."""
        return next((judge.name for judge in self._judges if judge.hides(facts)), None)

    def hidden(self, messages: Iterable[ParsedMessage]) -> dict[str, str]:
        """Return the messages that a rule hides: Gmail ids to the rules' names."""
        if self.is_empty:
            return {}
        named = {message.gmail_id: self.hiding(facts_of(message)) for message in messages}
        return {gmail_id: rule for gmail_id, rule in named.items() if rule is not None}


class _Judge:
    """One rule, prepared for a million questions."""

    __slots__ = ("_addresses", "_domains", "_inside", "_labels", "_owner", "_senders", "name")

    def __init__(self, rule: ExclusionRule, owner: frozenset[str]) -> None:
        criteria = rule.criteria
        self.name = rule.name
        self._owner = owner
        self._addresses = frozenset(map(canonical_address, criteria.addresses))
        self._domains = frozenset(map(ascii_domain, criteria.domains))
        self._inside = (
            frozenset(map(canonical_address, criteria.internal_addresses)),
            frozenset(map(ascii_domain, criteria.internal_domains)),
        )
        self._labels = frozenset(criteria.categories + criteria.labels)
        self._senders = tuple(_SENDER_KINDS[kind] for kind in criteria.senders)

    def hides(self, facts: MailFacts) -> bool:
        return (
            not self._labels.isdisjoint(facts.label_ids)
            or any(asks(facts) for asks in self._senders)
            or self._is_blocked(facts.addresses)
            or self._is_internal(facts.addresses)
        )

    def _is_blocked(self, addresses: Collection[str]) -> bool:
        if not (self._addresses or self._domains):
            return False
        return any(
            _is_among(address, self._addresses, self._domains)
            and fold_address(address) not in self._owner
            for address in addresses
        )

    def _is_internal(self, addresses: Collection[str]) -> bool:
        # A mail that names nobody is not internal.
        if not any(self._inside) or not addresses:
            return False
        return all(
            _is_among(address, *self._inside) or fold_address(address) in self._owner
            for address in addresses
        )


def _is_among(address: str, addresses: Collection[str], domains: Collection[str]) -> bool:
    address = canonical_address(address)
    if address in addresses:
        return True
    domain = address.rpartition("@")[2] if domains else ""
    while domain:
        if domain in domains:
            return True
        domain = domain.partition(".")[2]
    return False
