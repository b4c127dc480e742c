"""Mail addresses: parsing them out of headers, and knowing the owner's.

Holds: ``parse_addresses``, ``fold_address``, ``participants_of`` and ``direction_of``.
Add here: another way in which senders write addresses.
Keep out: contacts and companies (the CRM's), which mail is excluded.
Source: RFC 5322 section 3.4; Gmail help "Dots don't matter" and "plus" addressing.

The one policy for aliases: an address is kept as written, lower-cased. Only the question "is
this the owner?" folds: a ``+tag`` is dropped at every domain, and at gmail.com and
googlemail.com (one domain) dots in the local part are dropped. Two people are never merged.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from gmail_ingest.core.headers import Headers
from gmail_ingest.core.message import Direction, Participant, Role

# RFC 5321: 64 characters, "@", 255. What is longer is no address, and would not fit an index.
MAX_ADDRESS_CHARS = 320
# More than any provider lets one mail have; it bounds what one hostile header can cost.
MAX_PARTICIPANTS = 10_000

ROLES: tuple[Role, ...] = ("from", "sender", "reply-to", "to", "cc", "bcc")

# Every alternative starts with a character of its own, so the scan is linear. Quotes and comments
# may lack their end: the last group of each tells.
_TOKEN = re.compile(
    r'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)(?P<quote_end>"?)'
    r"|\((?P<comment>[^()\\]*(?:\\.[^()\\]*)*)(?P<comment_end>\)?)"
    r"|<(?P<angle>[^<>]*)>"
    r"|(?P<mark>[,;:])"
    r'|(?P<words>[^"(<,;:=]+|=\?[^?\s]{1,60}\?[BbQq]\?[^?\s]*\?=|[<=])',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Mailbox:
    """What has been read of one address up to its comma."""

    __slots__ = ("angle", "comment", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.comment = ""
        self.angle: str | None = None

    def phrase(self) -> str:
        return " ".join(" ".join(self.words).split())

    def address(self) -> tuple[str, str]:
        """Return (display name, address); the address is ``""`` where there is none."""
        if self.angle is not None:
            return self.phrase() or self.comment, _valid("".join(self.angle.split()))
        for word in "".join(self.words).split():
            if found := _valid(word):
                return self.comment, found
        return "", ""


def parse_addresses(value: str) -> list[tuple[str, str]]:
    """Return the addresses of a header value.

    Args:
        value: A From, To, ... value, with or without encoded words.

    Returns:
        Pairs (display name as written, address in lower case). Names of groups, empty groups and
        what is no address give nothing. A comma in a name without quotes is understood
        (``Moore, Keith <k@x.example>``), because Gmail may decode a name without quoting it.
    """
    found: list[tuple[str, str]] = []
    surname = ""
    for mailbox in _mailboxes(value, _Mailbox()):
        name, address = mailbox.address()
        if address:
            merge = surname and name and mailbox.angle is not None
            found.append((f"{surname}, {name}" if merge else name, address))
        surname = "" if address else mailbox.phrase()
    return found


def fold_address(address: str) -> str:
    """Return the form in which two spellings of the owner's address are equal.

    Args:
        address: An address in any case.

    Returns:
        The address under the policy of this module. For comparison only, never stored.
    """
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in {"gmail.com", "googlemail.com"}:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def participants_of(headers: Headers) -> tuple[Participant, ...]:
    """Return everybody whom the headers name, each address once a role.

    Args:
        headers: The header fields of the mail.

    Returns:
        At most ``MAX_PARTICIPANTS``, in the order of ``ROLES``, then of the headers.
    """
    found: dict[tuple[Role, str], Participant] = {}
    for role in ROLES:
        for value in headers.every(role):
            for name, address in parse_addresses(value) or _hidden_in_words(value, headers):
                if (role, address) not in found:
                    readable = _tidy_name(headers.readable(name), address)
                    found[role, address] = Participant(role, address, readable)
                if len(found) >= MAX_PARTICIPANTS:
                    return tuple(found.values())
    return tuple(found.values())


def direction_of(
    participants: Iterable[Participant], label_ids: Collection[str], owners: Collection[str]
) -> Direction:
    """Return which way a mail went, seen from the owner of the mailbox.

    Args:
        participants: Of the mail.
        label_ids: Gmail's labels: SENT and DRAFT prove the owner's hand, whatever From says
            (send-as aliases); in SPAM a From that names the owner is a forgery.
        owners: The owner's addresses.

    Returns:
        ``self`` for mail of the owner to nobody but the owner, else ``outbound`` or ``inbound``.
    """
    mine = {fold_address(owner) for owner in owners}
    senders: set[str] = set()
    recipients: set[str] = set()
    for participant in participants:
        if participant.role == "from":
            senders.add(fold_address(participant.address))
        elif participant.role in {"to", "cc", "bcc"}:
            recipients.add(fold_address(participant.address))
    written_here = "SENT" in label_ids or "DRAFT" in label_ids
    if not written_here and ("SPAM" in label_ids or not senders & mine):
        return "inbound"
    return "self" if recipients and recipients <= mine | senders else "outbound"


def _mailboxes(value: str, mailbox: _Mailbox) -> Iterator[_Mailbox]:
    for match in _TOKEN.finditer(value):
        kind = match.lastgroup
        if kind == "words":
            mailbox.words.append(match["words"])
        elif kind == "angle":
            mailbox.angle = match["angle"]
        elif kind == "mark":
            if match["mark"] != ":":
                yield mailbox
            mailbox = _Mailbox()
        elif kind == "quote_end" and match["quote_end"]:
            mailbox.words.append(_ESCAPED.sub(r"\1", match["quoted"]))
        elif kind == "comment_end" and match["comment_end"]:
            mailbox.comment = mailbox.comment or match["comment"].strip()
        else:
            # Without its end a quote or comment swallows the rest: read that without such marks.
            rest = value[match.start() :].translate({ord('"'): " ", ord("("): " "})
            yield from _mailboxes(rest, mailbox)
            return
    yield mailbox


def _valid(candidate: str) -> str:
    address = candidate.strip("<>'\"").removeprefix("mailto:").rstrip(".").lower()
    local, _, domain = address.rpartition("@")
    if not (local and domain and address.isprintable()):
        return ""
    return address if len(address) <= MAX_ADDRESS_CHARS else ""


def _hidden_in_words(value: str, headers: Headers) -> list[tuple[str, str]]:
    # Some senders encode the whole header, address and all.
    return parse_addresses(headers.readable(value)) if "=?" in value else []


def _tidy_name(name: str, address: str) -> str:
    tidy = name.strip("' ")
    return "" if tidy.lower() == address else tidy
