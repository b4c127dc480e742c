"""The checks that every Gmail call goes through.

Holds: ``GmailApi``: token, userId, parameters, scopes, condition of the account, faults, limits,
then the method, then ``fields`` and ``prettyPrint``. Add here: a step that all methods share. Keep
out: what one method answers (``gmail_reads``, ``gmail_watch``).
Source: docs/google.md#prices, #parallel-calls, #error-bodies, #partial-answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never
from urllib.parse import parse_qsl

import orjson

from gmail_sandbox.account.accounts import CONDITION_ERRORS, Account
from gmail_sandbox.account.errors import (
    HistoryExpiredError,
    InvalidQueryError,
    SandboxError,
    UnknownAttachmentError,
    UnknownLabelError,
    UnknownStartError,
)
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.api.discovery import Method, find_method, parse_body
from gmail_sandbox.api.fields import apply_mask, compile_mask
from gmail_sandbox.faults import FaultRule, Strike
from gmail_sandbox.oauth.issued_tokens import AccessToken
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.google_errors import GoogleRefusalError, error_response
from gmail_sandbox.wire.http_messages import Request, Response


@dataclass(slots=True)
class Call:
    """One call to answer: its mailbox, method and parameters; ``fault`` changes the answer."""

    mailbox: Mailbox
    method: Method
    parameters: dict[str, Any]
    body: dict[str, Any]
    fault: FaultRule | None

    @property
    def empty_page(self) -> bool:
        """Whether its page shall hold a token only."""
        return self.fault is not None and self.fault.action == "emptyPage"


#: Answers one method: JSON, or nothing (204).
Answer = Callable[[Call], bytes | None]

_REFUSALS: tuple[tuple[type[SandboxError], str], ...] = (
    (UnknownAttachmentError, "invalid_attachment"),
    (InvalidQueryError, "invalid_argument"),
    (UnknownStartError, "invalid_start_history_id"),
    (HistoryExpiredError, "not_found"),
    (UnknownLabelError, "not_found"),
    (SandboxError, "not_found"),
)


class GmailApi:
    """Gmail's REST methods over the state of one sandbox.

    Args:
        state: the sandbox.
        answers: method id → what answers it; other methods of the discovery document are 501.
    """

    def __init__(self, state: SandboxState, answers: Mapping[str, Answer]) -> None:
        self._state = state
        self._answers = answers

    def answer(self, request: Request) -> Response:
        """Return the answer to a request under ``/gmail/v1/``."""
        found = find_method(request.verb, request.path)
        if found is None:
            return error_response("no_such_page")
        method, path = found
        pairs = parse_qsl(request.query, keep_blank_values=True)
        token = self._token(request, pairs)
        mailbox = None if token is None else token.grant.mailbox
        self._state.counters.called(method.id, mailbox)
        message = path.get("messageId") or path.get("id")
        strike = self._state.faults.strike(method.id, mailbox, message)
        try:
            broken = self._broken(strike)
            return broken or self._answer(request, method, path, pairs, token, strike)
        except GoogleRefusalError as refusal:
            self._state.counters.rejections[refusal.name] += 1
            response = error_response(refusal.name, **refusal.blanks)
            response.delay = strike.latency
            return response

    def _answer(
        self,
        request: Request,
        method: Method,
        path: dict[str, str],
        pairs: list[tuple[str, str]],
        token: AccessToken | None,
        strike: Strike,
    ) -> Response:
        account = self._account(request, token, pairs)
        parameters = method.parse(pairs, path)
        self._check_user(path["userId"], account)
        _check_scopes(method, token.scopes if token else frozenset(), parameters)
        if account.condition != "active":
            raise GoogleRefusalError(CONDITION_ERRORS[account.condition])
        handler = self._answers.get(method.id)
        if handler is None:
            raise GoogleRefusalError("not_implemented")
        body = {} if method.request is None else parse_body(method.request, request.whole_body())
        call = Call(account.mailbox, method, parameters, body, strike.rule)
        address = account.mailbox.address
        self._state.quota.enter(address)
        try:
            self._state.quota.charge(address, method.id)
            response = self._shape(_run(handler, call), call)
            self._state.counters.answered(address, method.id, f"{request.path}?{request.query}")
        except BaseException:
            self._state.quota.leave(address)
            raise
        response.release = lambda: self._state.quota.leave(address)
        response.delay = strike.latency
        if strike.action == "reset" or strike.action == "truncate":
            response.wire = strike.action
        return response

    def _token(self, request: Request, pairs: list[tuple[str, str]]) -> AccessToken | None:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._state.grants.access(text.strip())
        given = dict(pairs).get("access_token")
        return None if given is None else self._state.grants.access(given)

    def _account(
        self, request: Request, token: AccessToken | None, pairs: list[tuple[str, str]]
    ) -> Account:
        if token is None:
            given = "authorization" in request.headers or "access_token" in dict(pairs)
            raise GoogleRefusalError("auth_error" if given else "login_required")
        if token.grant.mailbox is None:
            # A service account that acts for nobody has no mailbox.
            raise GoogleRefusalError("precondition_failed")
        account = self._state.accounts.get(token.grant.mailbox)
        if account is None:
            raise GoogleRefusalError("auth_error")
        return account

    def _check_user(self, user_id: str, account: Account) -> None:
        # A former address is an alias of the account, and is accepted as well.
        if user_id != "me" and self._state.accounts.get(user_id) is not account:
            raise GoogleRefusalError("delegation_denied", address=user_id)

    def _broken(self, strike: Strike) -> Response | None:
        rule = strike.rule
        if rule is None:
            return None
        response = fault_response(rule, self._state)
        if response is not None:
            response.delay = strike.latency
        return response

    def _shape(self, content: bytes | None, call: Call) -> Response:
        if content is None:
            return Response(204)
        fields = call.parameters.get("fields")
        pretty = call.parameters.get("prettyPrint", self._state.settings.pretty_print)
        if not fields and not pretty:
            return Response(200, content)
        value = orjson.loads(content)
        if fields and call.method.response is not None:
            value = apply_mask(value, compile_mask(fields, call.method.response))
        return Response(200, orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0))


def fault_response(rule: FaultRule, state: SandboxState) -> Response | None:
    """Return the answer with which a rule replaces a call's own, if it replaces it."""
    match rule.action:
        case "error" if rule.error is not None:
            response = _named_error(rule, rule.error, state)
        case "status" if rule.status is not None:
            given = rule.body
            body = given if isinstance(given, str) else orjson.dumps(given or {}).decode()
            response = Response(rule.status, body.encode())
        case "expiredHistory":
            response = error_response("not_found")
        case "html":
            response = error_response("bad_gateway")
            response.status = rule.status or response.status
        case "error" | "status":
            return None  # incomplete: no rule of this form is accepted
        case "latency" | "reset" | "truncate":
            return None  # the answer is right, and its way is broken: here, and in ``app``
        case "emptyPage" | "staleIndex" | "shuffled":
            return None  # ``gmail_reads``
        case "drop" | "duplicate" | "delay":
            return None  # ``push/delivery``
        case _:
            assert_never(rule.action)
    response.headers = (*response.headers, *rule.headers.items())
    return response


def _named_error(rule: FaultRule, name: str, state: SandboxState) -> Response:
    retry_at = datetime.fromtimestamp(state.clock.now() + rule.retry_after_seconds, UTC)
    return error_response(
        name,
        project_id=state.settings.project_id,
        project_number=state.settings.project_number,
        topic=state.settings.watch_topic,
        limit=str(state.quota.limits.user_per_minute),
        retry_at=retry_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def _run(handler: Answer, call: Call) -> bytes | None:
    try:
        return handler(call)
    except SandboxError as error:
        name = next(name for kind, name in _REFUSALS if isinstance(error, kind))
        raise GoogleRefusalError(name) from error


def _check_scopes(method: Method, scopes: frozenset[str], parameters: dict[str, Any]) -> None:
    if not scopes & method.scopes:
        raise GoogleRefusalError("insufficient_permissions")
    # The narrowest scope of a token decides, even beside one that would allow it.
    if not any(scope.endswith("gmail.metadata") for scope in scopes):
        return
    if parameters.get("q"):
        raise GoogleRefusalError("metadata_query")
    shown = parameters.get("format", "full").upper()
    if "format" in method.parameters and shown in {"FULL", "RAW"}:
        raise GoogleRefusalError("metadata_format", detail=shown)
