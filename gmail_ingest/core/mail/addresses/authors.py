"""Who wrote a mail, where From names a group, a web form or a service.

Holds: ``author_of`` and ``with_author``.
Add here: another program that puts its own address before the writer's, and how it is known.
Keep out: parsing addresses, which way a mail went (``addresses``).
Source: RFC 5703 (Original-From), RFC 9057 (Author), and what Google Groups, Gmail's relay, Mailman
and web forms send (cases 04 and 39). The rule in prose: docs/reading-mail.md, "Who wrote it".

Anybody can write any header. So a hint counts only where From is no person's own address, and
only if it names somebody else: in doubt the author is the sender.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from gmail_ingest.core.mail.addresses.address_list import parse_addresses
from gmail_ingest.core.mail.addresses.addresses import (
    MAX_PARTICIPANTS,
    fold_address,
    is_no_reply,
    tidy_name,
)
from gmail_ingest.core.mail.addresses.domains import organisation_of
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.message import Direction, Participant

#: Fields that keep From as it was before a relay put its own address there, the surest first.
_ORIGINALS = ("author", "original-from", "x-original-from", "x-google-original-from")
#: Fields with the address alone: of Google Groups (in all its mail), and of Request Tracker.
_SENDERS = ("x-original-sender", "rt-originator", "x-rt-originator")
_HINTS = frozenset(("reply-to", *_ORIGINALS, *_SENDERS))
_LIST_FIELDS = ("list-id", "list-post", "mailing-list", "x-beenthere")
_BULK_FIELDS = ("list-id", "list-unsubscribe")
_MAX_FIELD_CHARS = 1_000

# Local parts of programs that send what people typed into a form.
_FORM = re.compile(
    r"(?:web|www|www-data|apache|nobody|wordpress|drupal|joomla|typo3|mailer|notif(?:y|ications?)"
    r"|web[-_.]?(?:site|master|forms?)|forms?|form[-_.]?submissions?|formular|formulaires?"
    r"|formularios?|(?:contact|kontakt|contacto)[-_.]?(?:form|formular)|messages?)\d*"
)
# Further local parts that a firm's own web site sends from.
_DESK = re.compile(
    r"(?:info|mail|email|e-mail|office|hello|hallo|hola|contact|contacts|kontakt|contacto|contatto"
    r"|sales|leads?|shop|store|support|help|helpdesk|service|team|admin|system|server|bot|root"
    r"|(?:in|en)quir(?:y|ies)|anfragen?|requests?|orders?|bookings?|reservations?|appointments?"
    r"|tickets?|cases?|reply|crm|jobs|careers|events?|billing|postmaster|feedback)\d*"
)
# Local parts made up by programs: with a tag, a long number or an enclosed address, or for bounces.
_MADE_UP = re.compile(
    r"[+=]|\d{7}|(?=[a-f]*\d)[0-9a-f]{12}|^(?:bounces?|returns?|prvs|msprvs)(?:$|[-_.\d])"
)
# A desk's local part with a number: answers go to a ticket. (A person may have a tag, too.)
_TICKET = re.compile(r"(?P<desk>[a-z_.]+)[-+=](?=[^@]*\d)")
# "'Ann' via Support", "Ann (via Google Docs)"; the word as the languages of Google Groups have it.
_VIA = re.compile(
    r"(?P<name>[^(]*?\S)\s+\(?(?:via|über|ueber|tramite|mediante|a través de|por medio de"
    r"|przez|prostřednictvím|через|μέσω|arac\u0131l\u0131\u011f\u0131yla|経由|通过|透過)\s+\S",
    re.IGNORECASE,
)
_MAX_NAME_CHARS = 200
_MIN_VIA_WORDS = 3
_ADDRESS = re.compile(r"[^\s<>\"',;:()]+@[^\s<>\"',;:()]+")
_BRACKETS = re.compile(r"<([^<>]*)>")
_PROVIDERS = frozenset({"gmail.com", "googlemail.com"})
#: Where people's own addresses are numbers: an account's, or a telephone's.
_NUMBERED = frozenset(
    {"qq.com", "vip.qq.com", "163.com", "126.com", "139.com", "189.cn", "wo.cn", "yeah.net"}
)


def author_of(
    headers: Headers,
    participants: Sequence[Participant],
    direction: Direction,
    owner_addresses: Collection[str],
) -> Participant | None:
    """Return who wrote a mail.

    Args:
        headers: The header fields of the mail.
        participants: Whom these name.
        direction: The author of ``outbound`` mail is its sender, whatever its Reply-To.
        owner_addresses: The mailbox's own addresses, send-as aliases included.

    Returns:
        The person behind the sender, with the role ``author``; the sender itself without a hint
        or where the hint is in doubt; None without a sender.
    """
    sender = next((participant for participant in participants if participant.role == "from"), None)
    # Most mail has none of these fields and ends here.
    if sender is None or direction == "outbound" or not headers.has_any(_HINTS):
        return sender
    letter = _Letter(headers, sender, participants, owner_addresses)
    found = next(letter.authors(), None)
    return sender if found is None else found


def with_author(
    participants: tuple[Participant, ...], author: Participant | None
) -> tuple[Participant, ...]:
    """Return the participants with the author among them, so that the mail is found by it.

    Args:
        participants: Whom the headers name.
        author: As ``author_of`` returned it.

    Returns:
        At most ``MAX_PARTICIPANTS``; unchanged where the author's address is among them.
    """
    if author is None or any(author.address == participant.address for participant in participants):
        return participants
    return (*participants[: MAX_PARTICIPANTS - 1], author)


class _Letter:
    """One mail, and what is known of its sender."""

    def __init__(
        self,
        headers: Headers,
        sender: Participant,
        participants: Sequence[Participant],
        owner_addresses: Collection[str],
    ) -> None:
        self._headers = headers
        self._sender = sender
        self._participants = participants
        self._owners, homes = _owners_and_homes(tuple(owner_addresses))
        self._lists = [
            _list_addresses(headers.first(field)[:_MAX_FIELD_CHARS])
            for field in _LIST_FIELDS
            if field in headers
        ]
        local, _, domain = sender.address.rpartition("@")
        self._organisation = organisation_of(domain)
        self._is_ours = fold_address(sender.address) in self._owners
        self._is_list = self._names_list(sender.address)
        name = sender.name[:_MAX_NAME_CHARS]
        via = _VIA.match(name) if len(name.split()) >= _MIN_VIA_WORDS else None
        self._name = tidy_name(via["name"], sender.address) if via else ""
        self._is_home = self._organisation in homes
        self._is_site = self._is_home and (_is_desk(local) or is_no_reply(sender.address))
        self._is_program = bool(
            via is not None or _FORM.fullmatch(local) or is_no_reply(sender.address)
        )

    def authors(self) -> Iterator[Participant]:
        """Those whom the hints name, the surest first."""
        yield from self._originals()
        if not (self._is_ours or self._is_list or self._is_site or self._is_program):
            return
        recipients = {
            participant.address for participant in self._participants if participant.role == "to"
        }
        named = [
            participant
            for participant in self._participants
            if self._may_be(participant) and participant.address not in recipients
        ]
        for participant in named:
            # Mailman puts the writer into Reply-To or, where a list has another, into Cc.
            if self._name and participant.name.casefold() == self._name.casefold():
                yield self._author(participant.address, participant.name)
        answers = [participant for participant in named if participant.role == "reply-to"]
        if len(answers) == 1 and self._is_answer(answers[0].address):
            yield self._author(answers[0].address, answers[0].name)

    def _originals(self) -> Iterator[Participant]:
        fields: tuple[str, ...] = ()
        if self._is_ours or self._is_list or self._is_home or self._name:
            fields = (*_ORIGINALS, *_SENDERS)
        elif self._is_program:
            fields = _ORIGINALS
        for field in fields:
            value = next(iter(self._headers.legible(field)), "")
            for person in parse_addresses(value):
                address = person.address
                if address == self._sender.address or self._names_list(address):
                    continue
                readable = self._headers.readable(person.name)
                # A group within a group is no person either.
                is_relayed = _VIA.match(readable[:_MAX_NAME_CHARS]) is not None
                is_bounces = field in _SENDERS and _MADE_UP.search(address.rpartition("@")[0])
                if not (is_relayed or is_bounces):
                    yield self._author(address, tidy_name(readable, address))

    def _author(self, address: str, name: str) -> Participant:
        return Participant("author", address, name or tidy_name(self._name, address))

    def _may_be(self, participant: Participant) -> bool:
        """Whether a participant may be who wrote the mail: no list, no owner."""
        if (
            participant.role not in {"reply-to", "cc"}
            or participant.address == self._sender.address
        ):
            return False
        if (
            self._names_list(participant.address)
            or fold_address(participant.address) in self._owners
        ):
            return False
        return not self._is_relay(participant.address)

    def _is_relay(self, address: str) -> bool:
        """Whether a service takes answers there and forwards them: another host of its domain."""
        if self._is_list or self._is_ours or self._is_home:
            return False
        domain, own = (
            full_address.rpartition("@")[2] for full_address in (address, self._sender.address)
        )
        return domain != own and organisation_of(domain) == self._organisation

    def _is_answer(self, address: str) -> bool:
        """Whether the address to answer to is a person's, and not another desk of the sender's."""
        local, _, domain = address.rpartition("@")
        ticket = _TICKET.match(local)
        if is_no_reply(address) or (ticket and _is_desk(ticket["desk"])):
            return False
        is_elsewhere = organisation_of(domain) != self._organisation
        if self._is_ours:
            return is_elsewhere or not _is_desk(local)
        if self._is_list:
            return is_elsewhere
        if not is_elsewhere or self._is_bulk():
            return False
        is_made_up = _MADE_UP.search(local) and not (local.isdigit() and domain in _NUMBERED)
        return self._is_site or not (_is_desk(local) or is_made_up)

    def _is_bulk(self) -> bool:
        if any(name in self._headers for name in _BULK_FIELDS):
            return True
        return self._headers.first("precedence").lower() in {"bulk", "list", "junk"}

    def _names_list(self, address: str) -> bool:
        # A List-Id is the list's address with a dot in place of its @ (RFC 2919, by custom).
        dotted = address.replace("@", ".")
        return any(
            address in list_addresses or dotted in list_addresses for list_addresses in self._lists
        )


def _is_desk(local: str) -> bool:
    return bool(_DESK.fullmatch(local) or _FORM.fullmatch(local))


# A mailbox has few owners, and mail of few lists.
@lru_cache(maxsize=1024)
def _list_addresses(value: str) -> frozenset[str]:
    """Return the addresses and names in a field of a list."""
    value = value.lower()
    named = (found.strip() for found in _BRACKETS.findall(value) or [value])
    return frozenset((*_ADDRESS.findall(value.replace("mailto:", " ")), *named))


@lru_cache(maxsize=1024)
def _owners_and_homes(addresses: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the owner's addresses, folded, and their organisations."""
    owners = frozenset(map(fold_address, addresses))
    homes = frozenset(organisation_of(owner.rpartition("@")[2]) for owner in owners)
    return owners, homes - _PROVIDERS
