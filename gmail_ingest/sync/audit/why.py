"""Why is this mail not in the CRM? An answer for each mailbox of a tenant.

Holds: ``Why``. Add here: another place to look. Keep out: words (``why_text.py``), SQL, HTTP.
Source: docs/promises.md#promise-5; docs/google.md#search (``rfc822msgid:``), #prices (5 units a
listing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gmail_ingest.core.quota.prices import Prices
from gmail_ingest.errors import GmailIngestError, InvalidInputError
from gmail_ingest.sync.audit.traces import MailboxProgress, Trace, Traces
from gmail_ingest.sync.audit.why_text import (
    Explanation,
    FindingWord,
    explain,
    explain_unknown,
    explain_unlisted,
    word_of,
)
from gmail_ingest.sync.mailbox.limiter import Budget, Limiter
from gmail_ingest.sync.mailbox.records import Mailbox, MessageRef

#: Longest Message-ID or Gmail id that is looked for, in characters (12 KB were seen: edge case 52).
MAX_LENGTH = 20_000


class Finder(Protocol):
    """One mailbox at Google, searched."""

    @property
    def units_spent(self) -> int:
        """Quota units of all calls so far."""
        ...

    async def find(self, rfc_id: str) -> Sequence[MessageRef]:
        """Messages with this Message-ID, also those in spam and trash (messages_list units)."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of the mail in one mailbox.

    ``gmail_id`` is None where none is known. ``next`` is what happens next.
    """

    progress: MailboxProgress
    word: FindingWord
    explanation: str
    next: str
    gmail_id: str | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class GoogleLookup:
    """What a search at Google brought: mailboxes that answered, that did not, and units spent."""

    answered: int
    failed: int
    units: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Findings: of the mailboxes that know the mail, or of all if none does.

    ``price`` is what asking Google would cost, in quota units; 0 if there is nothing to ask.
    """

    found: bool
    findings: tuple[Finding, ...]
    price: int
    google: GoogleLookup | None = None


class Why:
    """The use case; ``open_client`` gives a mailbox's side at Google."""

    def __init__(
        self,
        traces: Traces,
        open_client: Callable[[Mailbox], Finder],
        limiter: Limiter,
        *,
        max_attempts: int,
        prices: Prices | None = None,
    ) -> None:
        self._traces = traces
        self._open_client = open_client
        self._limiter = limiter
        self._max_attempts = max_attempts
        self._price = (prices or Prices()).messages_list

    async def ask(self, tenant_id: str, message: str, *, ask_google: bool = False) -> Answer:
        """Find out what became of a mail.

        Args:
            tenant_id: whose.
            message: a Gmail id, or a Message-ID with or without angle brackets.
            ask_google: look for an unknown Message-ID at Google, in every active mailbox.

        Raises:
            NotFoundError: the tenant is unknown.
            InvalidInputError: this is no id.
        """
        wanted = message.strip()
        if not wanted or len(wanted) > MAX_LENGTH or "\0" in wanted:
            raise InvalidInputError("messageId", "must be a Gmail id or a Message-ID")
        mailboxes = await self._traces.mailboxes(tenant_id)
        traces = await self._traces.by_gmail_id(tenant_id, [wanted])
        if not traces:
            traces = await self._traces.by_rfc_id(tenant_id, _spellings(wanted))
        if traces:
            return Answer(found=True, findings=self._known(traces, mailboxes), price=0)
        askable = [
            mailbox for mailbox in mailboxes if mailbox.mailbox.state == "active" and "@" in wanted
        ]
        if ask_google and askable:
            return await self._ask_google(tenant_id, wanted, mailboxes, askable)
        findings = tuple(_unknown(mailbox) for mailbox in mailboxes)
        return Answer(found=False, findings=findings, price=self._price * len(askable))

    def _known(
        self, traces: Sequence[Trace], mailboxes: Sequence[MailboxProgress]
    ) -> tuple[Finding, ...]:
        by_id = {mailbox.mailbox.id: mailbox for mailbox in mailboxes}
        return tuple(
            _finding(
                by_id[trace.mailbox_id],
                word_of(trace.fate),
                explain(trace, by_id[trace.mailbox_id], self._max_attempts),
                trace.gmail_id,
                trace,
            )
            for trace in traces
            # A mailbox that was connected this moment is not among those read before.
            if trace.mailbox_id in by_id
        )

    async def _ask_google(
        self,
        tenant_id: str,
        wanted: str,
        mailboxes: Sequence[MailboxProgress],
        askable: Sequence[MailboxProgress],
    ) -> Answer:
        found: dict[int, str] = {}
        failed = units = 0
        for progress in askable:
            client = self._open_client(progress.mailbox)
            try:
                refs = await self._find(client, progress.mailbox, wanted)
            except GmailIngestError:
                failed += 1
            else:
                if refs:
                    found[progress.mailbox.id] = refs[0].message_id
            units += client.units_spent
        traces = await self._traces.by_gmail_id(tenant_id, set(found.values()))
        known = self._known(
            [trace for trace in traces if found.get(trace.mailbox_id) == trace.gmail_id], mailboxes
        )
        there = {finding.progress.mailbox.id for finding in known}
        only_there = tuple(
            _finding(mailbox, "at_google", explain_unlisted(), found[mailbox.mailbox.id])
            for mailbox in mailboxes
            if mailbox.mailbox.id in found.keys() - there
        )
        findings = known + only_there or tuple(_unknown(mailbox) for mailbox in mailboxes)
        google = GoogleLookup(len(askable) - failed, failed, units)
        return Answer(found=bool(found), findings=findings, price=0, google=google)

    async def _find(self, client: Finder, mailbox: Mailbox, rfc_id: str) -> Sequence[MessageRef]:
        budget = Budget(self._limiter, mailbox.id, "push")
        try:
            await budget.spend(self._price)
            return await client.find(rfc_id)
        finally:
            await budget.close()


def _unknown(progress: MailboxProgress) -> Finding:
    unknown = explain_unknown(progress)
    return _finding(progress, unknown.word, unknown.explanation)


def _finding(
    progress: MailboxProgress,
    word: FindingWord,
    explanation: Explanation,
    gmail_id: str | None = None,
    trace: Trace | None = None,
) -> Finding:
    return Finding(progress, word, explanation.happened, explanation.next_step, gmail_id, trace)


def _spellings(rfc_id: str) -> list[str]:
    """A Message-ID as it may be stored: as given, and with and without its angle brackets."""
    bare = rfc_id.removeprefix("<").removesuffix(">")
    return list(dict.fromkeys((rfc_id, f"<{bare}>", bare)))
