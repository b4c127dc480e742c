"""Is stored mail findable? Words of subjects at Google, looked up through the sidecar's API.

Holds: ``unfindable`` and the choice of words. Keep out: what search can do otherwise.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest_lab.demo.audit import GoogleMessage
from gmail_ingest_lab.demo.sandbox_api import SandboxApi

#: Words that any tokeniser takes as one: joined or punctuated ones may be indexed in parts.
_WORD = re.compile(r"(?<!\S)[A-Za-z]{4,}(?=[,.!?:;]?(?:\s|$))")
_PAGE = 200


def searchable_words(subject: str) -> list[str]:
    """The plain words of a subject, longest first."""
    return sorted(set(_WORD.findall(subject)), key=lambda word: (-len(word), word))


def unfindable(
    sandbox: SandboxApi,
    api: SidecarApi,
    messages: Sequence[GoogleMessage],
    owners: dict[str, str],
    *,
    sample: int,
    seed: int,
) -> int:
    """How many of a sample of messages are not found by a word of their subject.

    Args:
        sandbox: tells the subjects.
        api: the search under test.
        messages: stored messages to draw from.
        owners: the tenant of each mailbox address.
        sample: messages to try, at most.
        seed: makes the choice repeatable.
    """
    chosen = random.Random(seed).sample(messages, min(sample, len(messages)))
    tokens = {box: sandbox.access_token(box) for box in {message.mailbox for message in chosen}}
    missed = 0
    for message in chosen:
        words = searchable_words(sandbox.subject(tokens[message.mailbox], message.message_id))
        if words:
            missed += not _found(api, owners[message.mailbox], words[0], message.message_id)
    return missed


def _found(api: SidecarApi, tenant: str, word: str, message_id: str) -> bool:
    def page(offset: int) -> tuple[list[str], int]:
        answer = api.search(tenant, word, limit=_PAGE, offset=offset)
        return [email["id"] for email in answer["emails"]], answer["total"]

    return message_id in _all_pages(page)


def _all_pages(page: Callable[[int], tuple[list[str], int]]) -> set[str]:
    found: set[str] = set()
    offset = 0
    while True:
        ids, total = page(offset)
        found.update(ids)
        offset += _PAGE
        if offset >= total:
            return found
