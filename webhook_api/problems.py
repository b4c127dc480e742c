"""Errors as application/problem+json, without anything that a caller sent.

Holds: the problem document, and which error becomes which. Add here: an error's status.
Keep out: what an endpoint does.
Source: RFC 9457; house-style habit 4. Pydantic's errors quote the input: only their place and a
reason without content go out, since the input may be a credential.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc as sqlalchemy_errors
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gmail_ingest.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperatorActionError,
    ThrottledError,
    TransientError,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a caller may ask again where nobody knows better.
RETRY_AFTER = 5

#: What a caller is told instead of Pydantic's text, where that text may hold their input.
_REASONS = {
    "extra_forbidden": "is not known here",
    "json_invalid": "is not valid JSON",
    "literal_error": "is not one of the allowed values",
    "union_tag_invalid": "authType must be 'oauth' or 'service_account'",
    "union_tag_not_found": "authType is required: 'oauth' or 'service_account'",
    "uuid_parsing": "must be a UUID",
}
#: A field's name is shown only if it looks like one: a caller may have put a secret there.
_NAME = re.compile(r"[A-Za-z]{1,40}", re.ASCII)
_PLACES = frozenset({"body", "query", "path", "header"})


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error answer; ``errors`` name fields and reasons."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return Response(orjson.dumps(body), status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def unavailable(detail: str, seconds: float = RETRY_AFTER) -> Response:
    """503: the same request may succeed later."""
    return problem(503, detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def invalid(fields: Sequence[tuple[str, str]]) -> Response:
    """422 with each field and its reason."""
    errors = [{"field": field, "reason": reason} for field, reason in fields]
    detail = "; ".join(f"{field}: {reason}" for field, reason in fields)
    return problem(422, detail, errors=errors)


def _field(location: Sequence[object]) -> str:
    parts = list(location[1:] if location and location[0] in _PLACES else location)
    # A union's member is named in the location, and JSON errors end in a position.
    named = [part for part in parts if part not in {"oauth", "service_account"}]
    shown = [
        str(part) if isinstance(part, int) or _NAME.fullmatch(str(part)) else "(unknown field)"
        for part in named
    ]
    return ".".join(shown) or "body"


def _reason(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind in _REASONS:
        return _REASONS[kind]
    return str(error["msg"]).removeprefix("Value error, ")


async def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return invalid([("body", _REASONS["json_invalid"])])
    return invalid([(_field(each["loc"]), _reason(each)) for each in found])


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _on_domain(_request: Request, error: Exception) -> Response:
    """The errors of the use cases: their texts are written to be shown."""
    match error:
        case InvalidInputError():
            return invalid([(error.field, error.reason)])
        case NotFoundError():
            return problem(404, str(error))
        case ThrottledError():
            left = (error.until - datetime.now(UTC)).total_seconds() if error.until else RETRY_AFTER
            return unavailable("Google limits calls at the moment: ask again later", left)
        case TransientError():
            return unavailable("Google did not answer: ask again")
        case _:
            return unavailable(str(error), 60)


async def _on_database(_request: Request, error: Exception) -> Response:
    log.warning("database_unavailable", error=type(error).__name__)
    return unavailable("the database does not answer: ask again")


#: What the layers below raise when Postgres is gone, is starting, or has no connection free.
DATABASE_ERRORS: tuple[type[Exception], ...] = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sqlalchemy_errors.OperationalError,
    sqlalchemy_errors.InterfaceError,
    sqlalchemy_errors.DisconnectionError,
    sqlalchemy_errors.TimeoutError,
)
_DOMAIN_ERRORS: tuple[type[Exception], ...] = (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperatorActionError,
    ThrottledError,
    TransientError,
)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of an app a problem document."""
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in _DOMAIN_ERRORS:
        app.add_exception_handler(kind, _on_domain)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _on_database)


class LastResort:
    """Answers 500 where nothing else did, and logs the error's kind and place, never its text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; no error passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noticing(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticing)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may be private
            log.error("request_failed", error=type(error).__name__, at=_place(error))  # noqa: TRY400 - a traceback shows texts
            if not started:
                await problem(500, "an error of this service; it is in its log")(
                    scope, receive, send
                )


def _place(error: BaseException) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
