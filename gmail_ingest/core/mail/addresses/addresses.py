"""Mail addresses: whom a mail names, and which of them are the owner's.

Holds: ``participants_of``, ``fold_address``, ``is_no_reply``, ``direction_of``, ``tidy_name``.
Add here: another role, another spelling of the owner.
Keep out: the grammar of headers (``address_list``), the person behind a sender (``authors``),
contacts and companies (the CRM's), which mail is hidden.
Source: https://support.google.com/mail/answer/7436150 (dots do not matter); RFC 5233 (what follows
a plus).

The one policy for aliases: an address is kept as written, lower-cased. Only the question "is
this the owner?" folds: a ``+tag`` is dropped at every domain, and at gmail.com and
googlemail.com (one domain) dots in the local part are dropped. Two people are never merged.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from gmail_ingest.core.mail.addresses.address_list import parse_addresses
from gmail_ingest.core.mail.addresses.domains import canonical_address
from gmail_ingest.core.mail.addresses.mailbox_words import Person
from gmail_ingest.core.mail.clean_text import single_line
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.message import Direction, Participant, Role

# More than any provider lets one mail have; it bounds what one hostile header can cost.
MAX_PARTICIPANTS = 10_000

# Longer lists of people are not cached: each belongs to one thread.
_MAX_KNOWN_CHARS = 300

ROLES: tuple[Role, ...] = ("from", "sender", "reply-to", "to", "cc", "bcc")

#: Local parts by which senders say that nobody reads answers: ``no-reply``, ``jira.noreply2``.
_NO_REPLY = re.compile(
    r"(?:^|[-_.+])(?:no|never|dont|do[-_.]?not)[-_.]?(?:reply|respond)(?:$|[-_.+\d])"
)
# A quote mark between letters is an apostrophe; any other quote mark inside means that the outer
# two are no pair.
_OTHER_QUOTE = re.compile(r"(?<!\w)['\"]|['\"](?!\w)")


def fold_address(address: str) -> str:
    """Return the form in which two spellings of the owner's address are equal.

    Args:
        address: An address in any case.

    Returns:
        The address under the policy of this module. For comparison only, never stored.
    """
    local, _, domain = canonical_address(address.strip()).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in {"gmail.com", "googlemail.com"}:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def is_no_reply(address: str) -> bool:
    """Tell whether an address says of itself that nobody reads answers to it.

    Args:
        address: Lower-cased.
    """
    return _NO_REPLY.search(address.rpartition("@")[0]) is not None


def participants_of(headers: Headers) -> tuple[Participant, ...]:
    """Return everybody whom the headers name, each address once a role.

    Args:
        headers: The header fields of the mail.

    Returns:
        At most ``MAX_PARTICIPANTS``, in the order of ``ROLES``, then of the headers.
    """
    people: list[Participant] = []
    for role in ROLES:
        values = headers.legible(role)
        if len(values) == 1 and _is_plain(values[0]):
            people += _plain_people(role, values[0])
        elif values:
            people += _people_of(role, values, headers, MAX_PARTICIPANTS - len(people))
        if len(people) >= MAX_PARTICIPANTS:
            break
    return tuple(people[:MAX_PARTICIPANTS])


def _people_of(
    role: Role, values: Iterable[str], headers: Headers, most: int
) -> Iterable[Participant]:
    found: dict[str, Participant] = {}
    for value in values:
        plain = _is_plain(value)
        for person in _plain_people(role, value) if plain else _people(role, value, headers):
            found.setdefault(person.address, person)
            if len(found) >= most:
                return found.values()
    return found.values()


def _is_plain(value: str) -> bool:
    return len(value) <= _MAX_KNOWN_CHARS and value.isascii() and "=?" not in value


def direction_of(
    participants: Iterable[Participant], label_ids: Collection[str], owners: Collection[str]
) -> Direction:
    """Return which way a mail went, seen from the owner of the mailbox.

    Args:
        participants: Of the mail.
        label_ids: Gmail's labels. Only SENT and DRAFT prove that the owner wrote it. From does not:
            the owner may use a send-as alias, and a group, a web form or a forger may use the
            owner's address (case 04).
        owners: The owner's addresses.

    Returns:
        ``inbound`` without these labels; with one of them ``self`` for mail to the owner alone,
        else ``outbound``.
    """
    if "SENT" not in label_ids and "DRAFT" not in label_ids:
        return "inbound"
    mine = {fold_address(owner) for owner in owners}
    recipients: set[str] = set()
    for participant in participants:
        if participant.role == "from":
            mine.add(fold_address(participant.address))
        elif participant.role in {"to", "cc", "bcc"}:
            recipients.add(fold_address(participant.address))
    return "self" if recipients and recipients <= mine else "outbound"


def tidy_name(name: str, address: str) -> str:
    """Return a display name as a person would write it.

    Args:
        name: Decoded, on one line.
        address: Of that person.

    Returns:
        The name without a pair of quotes around the whole of it (``'Ann' via Support`` keeps its
        quotes); ``""`` for a name that only repeats the address.
    """
    while len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        inner = name[1:-1].strip()
        if _OTHER_QUOTE.search(inner.strip("'\"")):
            break
        name = inner
    return "" if name.lower().strip("'\"<>") == address else name


def _people(role: Role, value: str, headers: Headers) -> Iterator[Participant]:
    for person in parse_addresses(value) or _hidden_in_words(value, headers):
        name = tidy_name(headers.readable(person.name), person.address)
        yield Participant(role, person.address, name)


# The mail of a mailbox names the same few people again and again, in the same words.
@lru_cache(maxsize=2048)
def _plain_people(role: Role, value: str) -> tuple[Participant, ...]:
    """Return the people in a value without encoded words, each address once."""
    found: dict[str, Participant] = {}
    for person in parse_addresses(value):
        if person.address not in found:
            name = tidy_name(single_line(person.name), person.address)
            found[person.address] = Participant(role, person.address, name)
    return tuple(found.values())


def _hidden_in_words(value: str, headers: Headers) -> list[Person]:
    # Some senders encode the whole header, address and all.
    return parse_addresses(headers.readable(value)) if "=?" in value else []
