"""The sandbox as one function from a request to its answer.

Holds: ``App``: which part answers which path, and what all of Google's answers have in common
(latency, compression, counts). Add here: a further host of Google's, by its path. Keep out: what a
part answers.
Source: docs/google.md#client-library (method override), #compression.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from gmail_sandbox.admin.routes import AdminApi
from gmail_sandbox.api.batch import Batch
from gmail_sandbox.api.gmail_calls import GmailApi, fault_response
from gmail_sandbox.api.gmail_reads import Reads
from gmail_sandbox.api.gmail_watch import watch_answers
from gmail_sandbox.api.oauth_calls import OAuthApi
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.google_errors import GoogleRefusalError, error_response
from gmail_sandbox.wire.http_messages import Request, Response

_LOG = logging.getLogger(__name__)
_BATCH_PATHS = frozenset({"/batch", "/batch/gmail/v1"})
_OVERRIDE = "x-http-method-override"


class App:
    """Answers every request of one sandbox.

    Args:
        state: what it answers from.
    """

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        answers = {**Reads().answers, **watch_answers(state.watches)}
        self._gmail = GmailApi(state, answers)
        self._batch = Batch(self._gmail.answer, seed=state.settings.seed)
        self._oauth = OAuthApi(state)
        self._admin = AdminApi(state)

    def answer(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        """Return the answer to a request, or a coroutine that returns it."""
        if request.path == "/sandbox" or request.path.startswith("/sandbox/"):
            return self._admin.answer(request)
        try:
            response = self._google(_overridden(request))
        except Exception:  # noqa: BLE001 - a defect here must look like Google's, and be logged
            _LOG.exception("the sandbox failed to answer a call")
            response = error_response("internal_error")
        self._state.counters.statuses[response.status] += 1
        response.delay += self._state.settings.latency
        if self._state.settings.gzip and request.accepts_gzip():
            response.compress()
        return response

    def _google(self, request: Request) -> Response:
        if request.path.startswith("/gmail/v1/"):
            return self._gmail.answer(request)
        if request.path in _BATCH_PATHS and request.verb == "POST":
            return self._named("gmail.batch", request, None, self._batch.answer)
        found = self._oauth.routes.get((request.verb, request.path))
        if found is None:
            return error_response("no_such_page")
        name, endpoint = found
        return self._named(name, request, self._oauth.mailbox_of(request), endpoint)

    def _named(
        self,
        name: str,
        request: Request,
        mailbox: str | None,
        endpoint: Callable[[Request], Response],
    ) -> Response:
        """Answer a call outside the Gmail API, with faults and counts as for Gmail calls."""
        self._state.counters.called(name, mailbox)
        strike = self._state.faults.strike(name, mailbox)
        response = None if strike.rule is None else fault_response(strike.rule, self._state)
        if response is None:
            try:
                response = endpoint(request)
            except GoogleRefusalError as refusal:
                self._state.counters.rejections[refusal.name] += 1
                response = error_response(refusal.name, **refusal.blanks)
        response.delay += strike.latency
        if strike.action == "reset" or strike.action == "truncate":
            response.wire = strike.action
        return response


def _overridden(request: Request) -> Request:
    """Read a URL too long for GET, which the client library sends as a form."""
    verb = request.headers.get(_OVERRIDE)
    if verb is None or request.verb != "POST":
        return request
    query = request.whole_body().decode("latin-1")
    return Request(verb.upper(), request.path, query, request.headers)
