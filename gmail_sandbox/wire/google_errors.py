"""Google's refusals, word for word, in one table.

Holds: every error the sandbox can answer, by name, for real behaviour and fault rules alike.
Add here: a row. Keep out: when an error happens.
Source: docs/google.md#refused-calls, which says how sure each is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from gmail_sandbox.wire.http_messages import HTML, JSON, Response

Shape = Literal["api", "oauth", "html"]

_HTML_ERROR = (
    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
    "  <title>Error {status} (Server Error)!!1</title>\n"
    "  <p><b>{status}.</b> <ins>That\u2019s an error.</ins>\n"
    "  <p>{message}  <ins>That\u2019s all we know.</ins>\n"
)
_QUOTA = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute{per}' of service "
    "'gmail.googleapis.com' for consumer 'project_number:{project_number}'."
)
_DWD = (
    "Client is unauthorized to retrieve access tokens using this method, or client not "
    "authorized for any of the scopes requested."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One error: its status and the words of its body, with ``{blanks}`` filled at the time.

    ``message`` is the error_description of an OAuth error, ``reason`` its error code.
    """

    status: int
    message: str
    reason: str
    rpc: str = ""
    domain: str = "global"
    short: str = ""
    location: tuple[str, str] | None = None
    info: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    header: tuple[str, str] | None = None
    shape: Shape = "api"
    subtype: str = ""


def _quota_row(limit: str, per: str) -> Row:
    metadata = (
        ("quota_metric", "gmail.googleapis.com/default"),
        ("quota_limit", limit),
        ("quota_limit_value", "{limit}"),
        ("quota_location", "global"),
        ("service", "gmail.googleapis.com"),
        ("consumer", "projects/{project_number}"),
    )
    return Row(
        403,
        _QUOTA.replace("{per}", per),
        "rateLimitExceeded",
        "PERMISSION_DENIED",
        "usageLimits",
        info="RATE_LIMIT_EXCEEDED",
        metadata=metadata,
    )


def _invalid(message: str, reason: str = "invalidArgument") -> Row:
    return Row(400, message, reason, "INVALID_ARGUMENT")


def _oauth(status: int, error: str, description: str, subtype: str = "") -> Row:
    return Row(status, description, error, shape="oauth", subtype=subtype)


_AUTHORIZATION = ("header", "Authorization")

#: Name → what Google says. The names are what a fault rule gives as ``error``.
ERRORS: dict[str, Row] = {
    # 400
    "invalid_argument": _invalid("{detail}"),
    "invalid_id": _invalid("Invalid id value"),
    "invalid_attachment": _invalid("Invalid attachment token"),
    "invalid_page_token": _invalid("Invalid pageToken"),
    "invalid_label": _invalid("Invalid label: {detail}"),
    "invalid_fields": Row(
        400,
        "Invalid field selection {detail}",
        "invalidParameter",
        "INVALID_ARGUMENT",
        location=("parameter", "fields"),
    ),
    "missing_start_history_id": _invalid("Missing/invalid parameter: startHistoryId", "badRequest"),
    "invalid_start_history_id": _invalid("Invalid startHistoryId"),
    "invalid_topic": _invalid("Invalid topicName does not match projects/{project_id}/topics/*"),
    "one_push_client": _invalid(
        "Only one user push notification client allowed per developer (call /stop then try again)"
    ),
    "batch_too_large": _invalid("Inner request count exceeds the limit", "badRequest"),
    "batch_malformed": _invalid("Failed to parse batch request, {detail}", "badRequest"),
    "mail_service_not_enabled": Row(
        400, "Mail service not enabled", "failedPrecondition", "FAILED_PRECONDITION"
    ),
    "precondition_failed": Row(
        400, "Precondition check failed.", "failedPrecondition", "FAILED_PRECONDITION"
    ),
    # 401
    "auth_error": Row(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "authError",
        "UNAUTHENTICATED",
        short="Invalid Credentials",
        location=_AUTHORIZATION,
        info="ACCESS_TOKEN_EXPIRED",
        header=("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/"'),
    ),
    "login_required": Row(
        401,
        "Request is missing required authentication credential. Expected OAuth 2 access token, "
        "login cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "required",
        "UNAUTHENTICATED",
        short="Login Required.",
        location=_AUTHORIZATION,
        info="CREDENTIALS_MISSING",
        header=("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/"'),
    ),
    # 403
    "user_quota_exceeded": _quota_row("defaultPerMinutePerUser", " per user"),
    "project_quota_exceeded": _quota_row("defaultPerMinutePerProject", ""),
    "user_rate_limit_exceeded": Row(
        403,
        "User Rate Limit Exceeded",
        "userRateLimitExceeded",
        "PERMISSION_DENIED",
        "usageLimits",
    ),
    "daily_limit_exceeded": Row(
        403, "Daily Limit Exceeded", "dailyLimitExceeded", "PERMISSION_DENIED", "usageLimits"
    ),
    "domain_policy": Row(
        403,
        "The domain administrators have disabled Gmail apps.",
        "domainPolicy",
        "PERMISSION_DENIED",
    ),
    "insufficient_permissions": Row(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        "PERMISSION_DENIED",
        short="Insufficient Permission",
        info="ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        metadata=(("service", "gmail.googleapis.com"),),
        header=(
            "WWW-Authenticate",
            'Bearer realm="https://accounts.google.com/", error="insufficient_scope"',
        ),
    ),
    "metadata_query": Row(
        403, "Metadata scope does not support 'q' parameter", "forbidden", "PERMISSION_DENIED"
    ),
    "metadata_format": Row(
        403, "Metadata scope doesn't allow format {detail}", "forbidden", "PERMISSION_DENIED"
    ),
    # A refusal that gives no reason.
    "forbidden": Row(403, "The caller does not have permission", "forbidden", "PERMISSION_DENIED"),
    "access_not_configured": Row(
        403,
        "Gmail API has not been used in project {project_number} before or it is disabled. Enable "
        "it by visiting https://console.developers.google.com/apis/api/gmail.googleapis.com/"
        "overview?project={project_number} then retry. If you enabled this API recently, wait a "
        "few minutes for the action to propagate to our systems and retry.",
        "accessNotConfigured",
        "PERMISSION_DENIED",
        "usageLimits",
        info="SERVICE_DISABLED",
        metadata=(
            ("service", "gmail.googleapis.com"),
            ("consumer", "projects/{project_number}"),
        ),
    ),
    "pubsub_not_authorized": Row(
        403,
        "Error sending test message to Cloud PubSub {topic} : User not authorized to perform "
        "this action.",
        "forbidden",
        "PERMISSION_DENIED",
    ),
    "delegation_denied": Row(
        403, "Delegation denied for {address}", "forbidden", "PERMISSION_DENIED"
    ),
    # 404
    "not_found": Row(404, "Requested entity was not found.", "notFound", "NOT_FOUND"),
    "no_such_page": Row(404, "The requested URL was not found on this server.", "", shape="html"),
    # 429
    "too_many_concurrent": Row(
        429, "Too many concurrent requests for user", "rateLimitExceeded", "RESOURCE_EXHAUSTED"
    ),
    "retry_after": Row(
        429,
        "User-rate limit exceeded.  Retry after {retry_at}",
        "rateLimitExceeded",
        "RESOURCE_EXHAUSTED",
    ),
    "resource_exhausted": Row(
        429,
        "Resource has been exhausted (e.g. check quota).",
        "rateLimitExceeded",
        "RESOURCE_EXHAUSTED",
    ),
    # 5xx
    "backend_error": Row(500, "Backend Error", "backendError", "INTERNAL"),
    "internal_error": Row(500, "Internal error encountered.", "backendError", "INTERNAL"),
    "not_implemented": Row(
        501,
        "Operation is not implemented, or supported, or enabled.",
        "notImplemented",
        "UNIMPLEMENTED",
    ),
    "bad_gateway": Row(
        502,
        "The server encountered a temporary error and could not complete your request.<p>"
        "Please try again in 30 seconds.",
        "",
        shape="html",
    ),
    "unavailable": Row(503, "The service is currently unavailable.", "backendError", "UNAVAILABLE"),
    "deadline_exceeded": Row(
        504,
        "The request did not complete before its deadline.",
        "backendError",
        "DEADLINE_EXCEEDED",
    ),
    # the token endpoint
    "invalid_grant": _oauth(400, "invalid_grant", "Token has been expired or revoked."),
    "invalid_grant_bad_request": _oauth(400, "invalid_grant", "Bad Request"),
    "account_deleted": _oauth(400, "invalid_grant", "Account has been deleted"),
    "invalid_email": _oauth(400, "invalid_grant", "Invalid email or User ID"),
    "invalid_jwt": _oauth(400, "invalid_grant", "Invalid JWT: {detail}"),
    "invalid_rapt": _oauth(
        400, "invalid_grant", "reauth related error (invalid_rapt)", "invalid_rapt"
    ),
    "missing_code_verifier": _oauth(400, "invalid_grant", "Missing code verifier."),
    "invalid_code_verifier": _oauth(400, "invalid_grant", "Invalid code verifier."),
    "malformed_code": _oauth(400, "invalid_grant", "Malformed auth code."),
    "redirect_uri_mismatch": _oauth(400, "redirect_uri_mismatch", "Bad Request"),
    "invalid_scope": _oauth(
        400, "invalid_scope", "Some requested scopes were invalid or were never granted."
    ),
    "unsupported_grant_type": _oauth(400, "unsupported_grant_type", "Invalid grant_type: {detail}"),
    "invalid_request": _oauth(400, "invalid_request", "Required parameter is missing: {detail}"),
    "unauthorized_client": _oauth(401, "unauthorized_client", _DWD),
    "unauthorized": _oauth(401, "unauthorized_client", "Unauthorized"),
    "invalid_client": _oauth(401, "invalid_client", "The OAuth client was not found."),
    "wrong_client_secret": _oauth(401, "invalid_client", "Unauthorized"),
    "invalid_token": _oauth(400, "invalid_token", "Token expired or revoked"),
    "access_denied": _oauth(403, "access_denied", "Account restricted"),
    "internal_failure": _oauth(500, "internal_failure", "Backend Error"),
    "temporarily_unavailable": _oauth(503, "temporarily_unavailable", "Service unavailable"),
}

_BLANKS = {
    "detail": "Request contains an invalid argument.",
    "address": "the requested user",
    "topic": "the requested topic",
    "limit": "6000",
    "project_id": "sandbox-project",
    "project_number": "0",
    "retry_at": "2026-01-01T00:00:00.000Z",
}


class GoogleRefusalError(Exception):
    """A call that Google refuses: a row of ``ERRORS`` and what fills its blanks."""

    def __init__(self, name: str, **blanks: str) -> None:
        super().__init__(name)
        self.name = name
        self.blanks = blanks


def error_response(name: str, **blanks: str) -> Response:
    """Return Google's answer for a named error.

    Args:
        name: a key of ``ERRORS``.
        **blanks: what stands for the blanks in its words (``detail``, ``limit`` and so on).

    Raises:
        KeyError: no such error.
    """
    row = ERRORS[name]
    words = {**_BLANKS, **blanks}
    message = row.message.format_map(words)
    if row.shape == "html":
        body = _HTML_ERROR.format(status=row.status, message=message).encode()
        return Response(row.status, body, HTML)
    content = _oauth_body(row, message) if row.shape == "oauth" else _api_body(row, message, words)
    headers = () if row.header is None else (row.header,)
    return Response(row.status, orjson.dumps(content), JSON, headers)


def _oauth_body(row: Row, message: str) -> dict[str, Any]:
    body = {"error": row.reason, "error_description": message}
    if row.subtype:
        body["error_subtype"] = row.subtype
    return body


def _api_body(row: Row, message: str, words: dict[str, str]) -> dict[str, Any]:
    item = {"message": row.short or message, "domain": row.domain, "reason": row.reason}
    if row.location is not None:
        item["locationType"], item["location"] = row.location
    if row.reason == "accessNotConfigured":
        item["extendedHelp"] = "https://console.developers.google.com"
    error: dict[str, Any] = {
        "code": row.status,
        "message": message,
        "errors": [item],
        "status": row.rpc,
    }
    if row.info:
        metadata = {key: value.format_map(words) for key, value in row.metadata}
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": row.info,
                "domain": "googleapis.com",
                "metadata": metadata,
            }
        ]
    return {"error": error}
