"""Errors as application/problem+json, without anything that a caller sent.

Holds: the problem document, and which error becomes which. Add here: an error's status.
Keep out: what an endpoint does.
Source: RFC 9457. Pydantic's texts quote the input. So an answer holds the place of an error, and a
sentence of this file or of a validator, never Pydantic's text.
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
    MailboxStateError,
    NotFoundError,
    OperatorActionError,
    ThrottledError,
    TransientError,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
#: Retry-After, in seconds, where the error names no time.
RETRY_AFTER = 5
#: Fields that a problem's text names; its list of errors has all of them.
_FIELDS_SHOWN = 10

_TIME = "must be a time in ISO 8601 with its zone, as 2025-06-30T12:00:00Z"
_DAY = "must be a day, as 2024-01-31"
_WHOLE = "must be a whole number"
_OBJECT = "must be a JSON object"

#: What a caller is told instead of Pydantic's text, by the error's type; limits are filled in.
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not valid JSON",
    "json_type": "is not valid JSON",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "must be 'oauth' or 'service_account'",
    "union_tag_not_found": "is required: 'oauth' or 'service_account'",
    "none_required": "must be null",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "is out of range",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "list_type": "must be a list",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "mapping_type": _OBJECT,
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_naive": _TIME,
    "timezone_aware": _TIME,
    "timezone_offset": _TIME,
}
#: For a body that was not sent as JSON: curl needs a header to do so.
_NO_OBJECT = f"{_OBJECT}, sent with Content-Type: application/json"
_NOT_VALID = "is not valid here"
#: Errors that Pydantic places at the object; they are about its field authType.
_DISCRIMINATED = frozenset(("union_tag_invalid", "union_tag_not_found"))
#: A name is shown only if it looks like one: a caller may have put a secret there.
_NAME = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}(?:\[\])?", re.ASCII)
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


def invalid(fields: Sequence[tuple[str, str]], mailboxes: Sequence[str | None] = ()) -> Response:
    """422 with each field and its reason, and the mailbox that it is about where there is one."""
    errors = [{"field": field, "reason": reason} for field, reason in fields]
    for error, mailbox in zip(errors, mailboxes, strict=False):
        if mailbox is not None:
            error["mailbox"] = mailbox
    detail = [f"{field}: {reason}" for field, reason in fields[:_FIELDS_SHOWN]]
    if len(fields) > _FIELDS_SHOWN:
        detail.append(f"and {len(fields) - _FIELDS_SHOWN} more, see errors")
    return problem(422, "; ".join(detail), errors=errors)


def shown_name(name: str, kind: str = "field") -> str:
    """A name that a caller wrote if it looks like one, else a word in its place."""
    return name if _NAME.fullmatch(name) else f"(unknown {kind})"


def _field(error: Mapping[str, Any]) -> str:
    location: Sequence[object] = error["loc"]
    parts = list(location[1:] if location and location[0] in _PLACES else location)
    # A union's member is named in the location, and JSON errors end in a position.
    named = [part for part in parts if part not in {"oauth", "service_account"}]
    if error["type"] in _DISCRIMINATED:
        named.append("authType")
    shown = [str(part) if isinstance(part, int) else shown_name(str(part)) for part in named]
    return ".".join(shown) or "body"


def _reason(error: Mapping[str, Any]) -> str:
    kind, limits = str(error["type"]), error.get("ctx") or {}
    if kind == "value_error":
        # Written in this project's own validators.
        return str(error["msg"]).removeprefix("Value error, ")
    if kind == "string_too_short" and limits.get("min_length") == 1:
        return "must not be empty"
    reason = _REASONS.get(kind, _NOT_VALID)
    if reason is _OBJECT and len(error["loc"]) == 1:
        return _NO_OBJECT
    # Only limits that the routes set are filled in, nothing else of Pydantic's context.
    return reason.format_map(limits)


async def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    found = error.errors()
    if any(detail["type"] == "json_invalid" for detail in found):
        return invalid([("body", _REASONS["json_invalid"])])
    return invalid([(_field(detail), _reason(detail)) for detail in found])


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _on_domain(_request: Request, error: Exception) -> Response:
    """The errors of the use cases: their texts are written to be shown."""
    match error:
        case InvalidInputError():
            wrong = (error, *error.others)
            mailboxes = [fault.mailbox for fault in wrong]
            return invalid([(fault.field, fault.reason) for fault in wrong], mailboxes)
        case NotFoundError():
            return problem(404, str(error))
        case MailboxStateError():
            detail = f"{error.state}: {error}. {error.remedy}"
            return problem(409, f"no mailbox of this tenant can be synced now; {detail}")
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
    MailboxStateError,
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
