"""The admin API under ``/sandbox/``: how people and tests move the sandbox.

Holds: ``AdminApi``: its routes, and the shape of its errors. Add here: a route. Keep out: what a
route does (``mailbox_routes``, ``google_routes``).
Source: docs/sandbox.md; JSON in camelCase; errors are ``{"error": {"message"}}``.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from gmail_sandbox.account.errors import LabelConflictError, SandboxError
from gmail_sandbox.admin.call import AdminCall, AdminError, AdminHandler
from gmail_sandbox.admin.google_routes import google_routes
from gmail_sandbox.admin.index import Index
from gmail_sandbox.admin.mailbox_routes import mailbox_routes
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.http_messages import Request, Response, json_response

_LOG = logging.getLogger(__name__)


class AdminApi:
    """Routes admin requests over the state of one sandbox."""

    def __init__(self, state: SandboxState) -> None:
        routes = {**google_routes(state), **mailbox_routes(state)}
        self._index = Index(routes)
        self._routes: list[tuple[str, list[str], AdminHandler]] = [
            (name.partition(" ")[0], name.partition(" ")[2].split("/"), handler)
            for name, handler in routes.items()
        ]

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request under ``/sandbox``."""
        if request.path.rstrip("/") == "/sandbox" and request.verb in ("GET", "HEAD"):
            return self._index.answer(request)
        try:
            handler, names = self._find(request)
            outcome = handler(AdminCall(request, names))
            return await outcome if isinstance(outcome, Coroutine) else outcome
        except AdminError as error:
            return _refuse(error.status, str(error))
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False, include_context=False)
            return _refuse(400, "the body does not fit", problems=problems)
        except LabelConflictError:
            return _refuse(409, "the label exists, or it is the system's")
        except SandboxError as error:
            return _refuse(404, f"{type(error).__name__}: no such thing in this mailbox")
        except Exception:  # noqa: BLE001 - a defect must not end the connection unanswered
            _LOG.exception("the sandbox failed to answer an admin call")
            return _refuse(500, "the sandbox failed; its log says why")

    def _find(self, request: Request) -> tuple[AdminHandler, dict[str, str]]:
        segments = request.path.removeprefix("/sandbox/").rstrip("/").split("/")
        other_verb = False
        for verb, pattern, handler in self._routes:
            names = _match(pattern, segments)
            if names is None:
                continue
            if verb == request.verb:
                return handler, names
            other_verb = True
        if other_verb:
            raise AdminError(405, "this path does not take this method; GET /sandbox lists all")
        raise AdminError(404, "no such admin path; GET /sandbox lists all")


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    names: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            names[wanted[1:-1]] = unquote(given)
        elif wanted != given:
            return None
    return names


def _refuse(status: int, message: str, **more: Any) -> Response:  # noqa: ANN401 - any JSON value
    return json_response({"error": {"code": status, "message": message, **more}}, status)
