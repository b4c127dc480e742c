"""Admin calls that concern one mailbox: its mail, its labels, its tokens, its condition.

Holds: ``MailboxAdmin`` and its routes. Add here: a route under ``mailboxes/``. Keep out: loading
large amounts of mail (``mail_loading``) and the whole Google (``google_routes``).
Source: docs/sandbox.md#mailboxes-and-their-mail, #conditions-of-an-account.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gmail_sandbox.account.accounts import Account, Condition
from gmail_sandbox.account.history_log import StartAbove
from gmail_sandbox.account.mailbox import StoredMessage
from gmail_sandbox.admin.call import AdminCall, AdminError, AdminHandler
from gmail_sandbox.admin.mail_loading import MailLoading
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.http_messages import Response, json_response
from gmail_sandbox.wire.wire_model import WireModel

READONLY = "https://www.googleapis.com/auth/gmail.readonly"
_CHUNK = 2_000

Address = Annotated[str, StringConstraints(pattern=r"^[^@\s/]+@[^@\s/]+$", max_length=254)]


class Past(WireModel):
    """Further seeded messages, spread evenly from ``oldestDays`` to ``newestDays`` ago."""

    messages: Annotated[int, Field(ge=0)]
    newest_days: Annotated[float, Field(ge=0)] = 35.0
    oldest_days: Annotated[float, Field(gt=0)] = 730.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.newest_days >= self.oldest_days:
            raise ValueError("newestDays must be less than oldestDays")
        return self


class NewMailbox(WireModel):
    """A mailbox to make, with ``messages`` seeded messages spread over ``spanDays``; ``bursts``
    days of them are busy; ``past`` adds mail that is older.
    """

    address: Address
    display_name: str = ""
    messages: Annotated[int, Field(ge=0)] = 0
    seed: int = 0
    span_days: Annotated[float, Field(gt=0)] = 365.0
    bursts: Annotated[int, Field(ge=0)] = 0
    past: Past | None = None
    scopes: tuple[str, ...] = (READONLY,)


class NewTokens(WireModel):
    """Scopes of a further grant."""

    scopes: tuple[str, ...] = (READONLY,)


class Ids(WireModel):
    """The messages that a call concerns."""

    ids: tuple[str, ...]


class LabelChange(Ids):
    """Labels to add to and remove from messages."""

    add_label_ids: tuple[str, ...] = ()
    remove_label_ids: tuple[str, ...] = ()


class DraftText(WireModel):
    """A draft as it is now: its RFC 822 text, and the id of its last save."""

    text: str
    message_id: str | None = None


class DraftId(WireModel):
    """The last save of a draft."""

    message_id: str


class LabelName(WireModel):
    """The name of a label."""

    name: Annotated[str, StringConstraints(min_length=1)]


class SendAsAddress(WireModel):
    """An address that the mailbox sends as; not ``verified``: its owner has yet to confirm it."""

    address: Address
    verified: bool = True


class HistoryRestart(WireModel):
    """History ids go back to ``at`` (a low one unless given); ``startAbove`` is the status that
    answers a start beyond the current id: Google's documentation leaves it open.
    """

    at: Annotated[int, Field(ge=1)] | None = None
    start_above: StartAbove = 200


class Successor(WireModel):
    """The account that gets the address of a deleted one, with its own mail, as ``NewMailbox``."""

    display_name: str = ""
    messages: Annotated[int, Field(ge=0)] = 0
    seed: int = 0
    span_days: Annotated[float, Field(gt=0)] = 365.0
    scopes: tuple[str, ...] = (READONLY,)
    at: Annotated[int, Field(ge=1)] | None = None
    start_above: StartAbove = 200


class NewAddress(WireModel):
    """The primary address from now on. ``pushesAs``: which address notifications name;
    ``subjectWorks``: whether a service account may still act for the former one.
    """

    address: Address
    pushes_as: Literal["new", "former"] = "new"
    subject_works: bool = True


class HistoryEnd(WireModel):
    """The history id before which history is forgotten; the current one unless given."""

    before: int | None = None


def mailbox_routes(state: SandboxState) -> dict[str, AdminHandler]:
    """Return verb and path → what answers it."""
    calls = MailboxAdmin(state)
    loading = MailLoading(state)
    one = "mailboxes/{address}"
    return {
        "GET mailboxes": calls.show_all,
        "POST mailboxes": calls.create,
        f"GET {one}": calls.show,
        f"GET {one}/messages": calls.messages,
        f"POST {one}/load": loading.load,
        f"POST {one}/deliver": loading.deliver,
        f"POST {one}/delete": calls.delete,
        f"POST {one}/modify": calls.modify,
        f"POST {one}/drafts/autosave": calls.autosave,
        f"POST {one}/drafts/send": calls.send,
        f"GET {one}/labels": calls.labels,
        f"POST {one}/labels": calls.create_label,
        f"PATCH {one}/labels/{{id}}": calls.rename_label,
        f"DELETE {one}/labels/{{id}}": calls.delete_label,
        f"POST {one}/send-as": calls.put_send_as,
        f"POST {one}/suspend": calls.condition("suspended"),
        f"POST {one}/mail-service-off": calls.condition("mailServiceOff"),
        f"POST {one}/activate": calls.condition("active"),
        f"POST {one}/tokens": calls.new_tokens,
        f"POST {one}/tokens/expire": calls.expire_tokens,
        f"POST {one}/grants/revoke": calls.revoke,
        f"POST {one}/grants/scopes": calls.rescope,
        f"POST {one}/history/expire": calls.expire_history,
        f"POST {one}/history/restart": calls.restart_history,
        f"POST {one}/rename": calls.rename,
        f"POST {one}/recreate": calls.recreate,
    }


class MailboxAdmin:
    """The calls, over the state of one sandbox."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._loading = MailLoading(state)

    def show_all(self, _call: AdminCall) -> Response:
        """Answer all mailboxes."""
        shown = [self._shown(self._state.accounts[address]) for address in self._state.accounts]
        return json_response({"mailboxes": shown})

    def show(self, call: AdminCall) -> Response:
        """Answer one mailbox."""
        return json_response(self._shown(call.account(self._state.accounts)))

    async def create(self, call: AdminCall) -> Response:
        """Make a mailbox with seeded mail, and answer tokens for it."""
        given = call.read(NewMailbox)
        if given.address.lower() in self._state.accounts:
            raise AdminError(409, "this address has a mailbox already")
        account = self._state.accounts.create(
            given.address, display_name=given.display_name, seed=given.seed
        )
        if given.past is not None:
            await self._loading.seed_past(
                account,
                given.past.messages,
                given.seed,
                given.past.newest_days * 86_400,
                given.past.oldest_days * 86_400,
            )
        await self._loading.seed(
            account, given.messages, given.seed, given.span_days * 86_400, given.bursts
        )
        return json_response({**self._shown(account), **self._granted(account, given.scopes)}, 201)

    async def messages(self, call: AdminCall) -> Response:
        """Answer every message's id, thread, labels and date, which a sync must match."""
        mailbox = call.account(self._state.accounts).mailbox
        shown: list[dict[str, object]] = []
        ids = iter(list(mailbox.message_ids()))
        while chunk := list(islice(ids, _CHUNK)):
            shown.extend(_line(mailbox.message(message_id)) for message_id in chunk)
            await asyncio.sleep(0)
        return json_response({"historyId": str(mailbox.history_id), "messages": shown})

    def delete(self, call: AdminCall) -> Response:
        """Delete messages for good."""
        mailbox = call.account(self._state.accounts).mailbox
        for message_id in call.read(Ids).ids:
            mailbox.delete(message_id)
        return json_response({"historyId": str(mailbox.history_id)})

    def modify(self, call: AdminCall) -> Response:
        """Change the labels of messages."""
        mailbox, change = call.account(self._state.accounts).mailbox, call.read(LabelChange)
        for message_id in change.ids:
            mailbox.modify(message_id, add=change.add_label_ids, remove=change.remove_label_ids)
        return json_response({"historyId": str(mailbox.history_id)})

    def autosave(self, call: AdminCall) -> Response:
        """Save a draft, which gives it a new id."""
        draft = call.read(DraftText)
        mailbox = call.account(self._state.accounts).mailbox
        return json_response(_line(mailbox.autosave_draft(draft.message_id, draft.text.encode())))

    def send(self, call: AdminCall) -> Response:
        """Send a draft."""
        message_id = call.read(DraftId).message_id
        return json_response(
            _line(call.account(self._state.accounts).mailbox.send_draft(message_id))
        )

    def labels(self, call: AdminCall) -> Response:
        """Answer the labels of a mailbox."""
        return json_response({"labels": call.account(self._state.accounts).mailbox.labels()})

    def create_label(self, call: AdminCall) -> Response:
        """Make a user label."""
        name = call.read(LabelName).name
        return json_response(call.account(self._state.accounts).mailbox.create_label(name), 201)

    def rename_label(self, call: AdminCall) -> Response:
        """Rename a user label."""
        mailbox = call.account(self._state.accounts).mailbox
        mailbox.rename_label(call.names["id"], call.read(LabelName).name)
        return json_response(mailbox.label(call.names["id"]))

    def delete_label(self, call: AdminCall) -> Response:
        """Delete a user label; with ``?history=false`` history says nothing of its messages."""
        mailbox = call.account(self._state.accounts).mailbox
        mailbox.delete_label(call.names["id"], record_history=call.option("history") != "false")
        return json_response({"historyId": str(mailbox.history_id)})

    def put_send_as(self, call: AdminCall) -> Response:
        """Add a send-as address, or change whether it is confirmed."""
        given = call.read(SendAsAddress)
        send_as = call.account(self._state.accounts).mailbox.send_as
        send_as.put(given.address, verified=given.verified)
        return json_response({"sendAs": send_as.resources()})

    def condition(self, condition: Condition) -> AdminHandler:
        """Return the call that puts an account into a condition."""

        def put(call: AdminCall) -> Response:
            account = call.account(self._state.accounts)
            account.condition = condition
            return json_response(self._shown(account))

        put.__doc__ = (
            f"Put an account into the condition {condition}, until it is put into another."
        )
        return put

    def new_tokens(self, call: AdminCall) -> Response:
        """Grant the sandbox's client access, as a consent would."""
        account = call.account(self._state.accounts)
        return json_response(self._granted(account, call.read(NewTokens).scopes), 201)

    def expire_tokens(self, call: AdminCall) -> Response:
        """End the access tokens of a mailbox; refresh tokens live on."""
        address = call.account(self._state.accounts).mailbox.address
        return json_response({"expired": self._state.grants.expire_access_tokens(address)})

    def revoke(self, call: AdminCall) -> Response:
        """End all grants of a mailbox, as its owner can."""
        address = call.account(self._state.accounts).mailbox.address
        return json_response({"revoked": self._state.grants.revoke_mailbox(address)})

    def rescope(self, call: AdminCall) -> Response:
        """Reduce the grants of a mailbox and their tokens to these scopes."""
        address = call.account(self._state.accounts).mailbox.address
        scopes = call.read(NewTokens).scopes
        return json_response({"grants": self._state.grants.rescope(address, scopes)})

    def expire_history(self, call: AdminCall) -> Response:
        """Forget history, so that a sync from an earlier history id is answered 404."""
        mailbox = call.account(self._state.accounts).mailbox
        mailbox.expire_history(call.read(HistoryEnd).before)
        return json_response({"historyId": str(mailbox.history_id)})

    def restart_history(self, call: AdminCall) -> Response:
        """Let the history ids of a mailbox go back; its mail stays."""
        given = call.read(HistoryRestart)
        mailbox = call.account(self._state.accounts).mailbox
        mailbox.restart_history(given.at, start_above=given.start_above)
        return json_response({"historyId": str(mailbox.history_id)})

    def rename(self, call: AdminCall) -> Response:
        """Give an account another primary address: the old one becomes an alias that it sends as,
        tokens and the watch go on.
        """
        given = call.read(NewAddress)
        former = call.account(self._state.accounts).mailbox.address
        try:
            account = self._state.rename(former, given.address, subject_works=given.subject_works)
        except ValueError as exc:
            raise AdminError(409, str(exc)) from exc
        account.mailbox.pushed_as = former if given.pushes_as == "former" else None
        return json_response(self._shown(account))

    async def recreate(self, call: AdminCall) -> Response:
        """Delete an account and make another with its address: the old one's tokens, watch, mail
        and ids are gone, the new one's history begins low. Answers tokens for it.
        """
        given = call.read(Successor)
        address = call.account(self._state.accounts).mailbox.address
        account = self._state.recreate(
            address,
            display_name=given.display_name,
            seed=given.seed,
            at=given.at,
            start_above=given.start_above,
        )
        await self._loading.seed(account, given.messages, given.seed, given.span_days * 86_400, 0)
        return json_response({**self._shown(account), **self._granted(account, given.scopes)}, 201)

    def _shown(self, account: Account) -> dict[str, object]:
        mailbox = account.mailbox
        watch = self._state.watches.get(mailbox.address)
        return {
            "address": mailbox.address,
            "displayName": account.display_name,
            "condition": account.condition,
            "messages": mailbox.messages_total,
            "threads": mailbox.threads_total,
            "heldBack": len(account.held_back),
            "historyId": str(mailbox.history_id),
            "watchExpiration": None if watch is None else str(int(watch.expires_at * 1_000)),
        }

    def _granted(self, account: Account, scopes: tuple[str, ...]) -> dict[str, object]:
        settings, grants = self._state.settings, self._state.grants
        grant = grants.consent(account.mailbox.address, settings.client_id, scopes)
        return {
            "refreshToken": grants.new_refresh_token(grant),
            "accessToken": grants.new_access_token(grant),
            "expiresIn": grants.access_token_seconds,
            "clientId": settings.client_id,
            "clientSecret": settings.client_secret,
            "tokenUri": f"{self._state.base_url}/token",
            "scopes": sorted(grant.scopes),
        }


def _line(message: StoredMessage) -> dict[str, object]:
    return {
        "id": message.id,
        "threadId": message.thread_id,
        "labelIds": sorted(message.label_ids),
        "internalDate": str(message.internal_date),
        "historyId": str(message.history_id),
        "sizeEstimate": message.size_estimate,
    }
