"""Seeded mailboxes: mail like a salesperson's, the same for the same seed.

Holds: the order of the mail in time, the share of each kind, and the labels.
Add here: another share or label. Keep out: what a mail says (``conversations.py``,
``machines.py``).
The shares are a guess at a salesperson's mailbox; nothing is taken from real mail.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from gmail_sandbox.mail.mbox import MboxMessage
from gmail_sandbox.seeded import machines
from gmail_sandbox.seeded.conversations import Conversation, Person, begin, write_next
from gmail_sandbox.seeded.vocabulary import USER_LABELS

_Machine = Callable[[Person, int, Random], bytes]
_MACHINES: Final[tuple[tuple[_Machine, tuple[str, ...], int], ...]] = (
    (machines.newsletter, ("INBOX", "CATEGORY_PROMOTIONS"), 12),
    (machines.notice, ("INBOX", "CATEGORY_UPDATES"), 10),
    (machines.invitation, ("INBOX", "IMPORTANT"), 4),
    (machines.automatic_reply, ("INBOX",), 3),
    (machines.bounce, ("INBOX",), 2),
    (machines.spam, ("SPAM",), 3),
)
_WEIGHTS: Final = tuple(weight for _, _, weight in _MACHINES)
_MACHINE_SHARE: Final = 0.34
_LIVE_CONVERSATIONS: Final = 64
_BEGIN_SHARE: Final = 0.35
_LONGEST_CONVERSATION: Final = 20
_UNREAD_SHARE: Final = 0.05
_BURST_SECONDS: Final = 86_400.0
_BURST_SHARE: Final = 0.2


def seeded_messages(
    count: int,
    *,
    address: str,
    seed: int,
    newest: float,
    span_seconds: float,
    bursts: int = 0,
) -> Iterator[MboxMessage]:
    """Yield invented mail, oldest first, in bounded memory.

    Conversations thread by their headers; user labels are given by name.

    Args:
        count: how many messages.
        address: the owner's.
        seed: with the address, decides everything.
        newest: epoch seconds, the latest that the last message may have.
        span_seconds: over which the mail is spread evenly.
        bursts: days, evenly apart, in which a fifth of the mail before each comes at once.
    """
    random = Random(f"{address}:{seed}")
    owner = Person("Alex Morgan", address)
    live: list[Conversation] = []
    for index in range(count):
        share = (count - 1 - index + random.random()) / count
        date = int(newest - _before_newest(share, span_seconds, bursts))
        is_recent = index >= count * (1 - _UNREAD_SHARE)
        if random.random() < _MACHINE_SHARE:
            raw, labels = _machine_mail(owner, date, random)
        else:
            raw, labels = _human_mail(live, owner, date, random)
        if is_recent and "INBOX" in labels:
            labels = (*labels, "UNREAD")
        yield MboxMessage(raw=raw, label_ids=labels, internal_date=date * 1000)


def _before_newest(share: float, span_seconds: float, bursts: int) -> float:
    """Seconds between the newest mail and the one that this share of all mail follows."""
    if not bursts:
        return share * span_seconds
    whole, part = divmod(share * bursts, 1.0)
    between = span_seconds / bursts
    day = min(_BURST_SECONDS, between * _BURST_SHARE)
    if part < _BURST_SHARE:
        return whole * between + day * part / _BURST_SHARE
    calm = (part - _BURST_SHARE) / (1 - _BURST_SHARE)
    return whole * between + day + (between - day) * calm


def _machine_mail(owner: Person, date: int, random: Random) -> tuple[bytes, tuple[str, ...]]:
    write, labels, _ = random.choices(_MACHINES, weights=_WEIGHTS)[0]
    return write(owner, date, random), labels


def _human_mail(
    live: list[Conversation], owner: Person, date: int, random: Random
) -> tuple[bytes, tuple[str, ...]]:
    if not live or random.random() < _BEGIN_SHARE:
        if len(live) == _LIVE_CONVERSATIONS:
            live.pop(random.randrange(len(live)))
        live.append(begin(random))
        conversation = live[-1]
    else:
        conversation = random.choice(live)
    by_owner = random.random() < 0.45
    raw = write_next(conversation, owner, by_owner=by_owner, date=date, random=random)
    if len(conversation.references) >= _LONGEST_CONVERSATION:
        live.remove(conversation)
    return raw, ("SENT",) if by_owner else _received_labels(random)


def _received_labels(random: Random) -> tuple[str, ...]:
    chance = random.random()
    if chance < 0.03:
        return ("TRASH",)
    if chance < 0.35:
        return (random.choice(USER_LABELS),)
    return ("INBOX", "CATEGORY_PERSONAL") if chance < 0.9 else ("INBOX", "STARRED")
