"""What the documentation says of every route.

Holds: descriptions of errors, the security scheme, the page's texts. Keep out: routes.
"""

from __future__ import annotations

from typing import Any

from fastapi.security import APIKeyHeader, HTTPBearer

from webhook_api.base.bodies import Problem

DESCRIPTION = """
Gmail mail of a CRM's customers, complete and current.

Connect a tenant's mailboxes, and their mail is read: what is there by an initial sync, what
comes by push notifications. Syncs are queued here and done by Dagster.

Every call needs an API key, as `X-API-Key: KEY` or `Authorization: Bearer KEY`. Errors are
`application/problem+json`; of what was sent they repeat names of fields, and addresses of mailboxes
that Google refuses. Nothing is ignored: parameters and fields that a call does not know are 422.

Times are UTC in ISO 8601 and end in `Z`, with six digits of a second's fraction where there is one.
A message is named by `gmailId`, Gmail's id, which is
unique within its mailbox.
"""

TAGS = [
    {"name": "integrations", "description": "Connect mailboxes, and disconnect them."},
    {"name": "sync", "description": "Ask for syncs, and see how they went."},
    {"name": "emails", "description": "Read mail and threads."},
    {"name": "exclusions", "description": "Rules that hide mail from the CRM."},
    {"name": "push", "description": "For Cloud Pub/Sub only."},
    {"name": "health", "description": "For load balancers."},
]

# For the documentation only: the gate (``auth.py``) checks keys.
API_KEY = APIKeyHeader(name="X-API-Key", scheme_name="X-API-Key", auto_error=False)
BEARER = HTTPBearer(scheme_name="Bearer", auto_error=False)

Responses = dict[int | str, dict[str, Any]]


def _problem(status: int, description: str) -> Responses:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": description, "content": {"application/problem+json": schema}}}


WRONG = _problem(422, "A field or parameter is wrong; `errors` names it and the reason.")
#: The gate asks the database, so every call may answer 503.
UNAVAILABLE = _problem(503, "Google or the database did not answer: ask again.")
COMMON = _problem(401, "No valid API key.") | WRONG | UNAVAILABLE
NOT_FOUND = _problem(404, "There is no such tenant, mailbox, job, thread or rule.")
CONFLICT = _problem(
    409,
    "The tenant is disconnected, or no mailbox of it can be synced: what to do is said.",
)
#: For the push endpoint, where a token takes the place of a key.
PUSH_REFUSED = (
    _problem(401, "No valid OIDC token.")
    | _problem(403, "The token is for another audience or service account, or `?token=` is wrong.")
    | _problem(503, "Pushes are not configured, or the database does not answer.")
)


def add_problem_schema(document: dict[str, Any]) -> dict[str, Any]:
    """Put the schema of problems in, and FastAPI's own validation errors out."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document
