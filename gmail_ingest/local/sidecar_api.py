"""A client of the sidecar's HTTP API, for commands and for the demonstration.

Holds: ``SidecarApi``. Add here: a call that one of them makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local.consent import Grant
from gmail_ingest.local.readiness import is_loopback, loopback_session
from gmail_ingest.outbound_requests import outbound_session

#: Connecting many mailboxes takes two calls to Google for each.
_TIMEOUT_SECONDS = 120


class SidecarError(GmailIngestError):
    """The sidecar refused; the text is what it said, which never repeats a credential."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(f"the API answered {status}: {problem}")
        self.status = status


class SidecarApi:
    """The API at an address, with a key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._session = loopback_session() if is_loopback(url) else outbound_session()
        self._session.headers["X-API-Key"] = key

    def connect_oauth(self, tenant: str, grant: Grant) -> dict[str, Any]:
        """Connect the mailbox of an OAuth grant."""
        keys = {
            "accessToken": grant.access_token,
            "refreshToken": grant.refresh_token,
            "expiresAt": grant.expires_at.isoformat().replace("+00:00", "Z"),
        }
        return self._connect(tenant, "oauth", keys)

    def connect_service_account(
        self, tenant: str, key_file: dict[str, Any], mailboxes: Sequence[str]
    ) -> dict[str, Any]:
        """Connect mailboxes that a Workspace administrator delegated to a service account."""
        keys = {
            "serviceAccountEmail": key_file.get("client_email", ""),
            "serviceAccountKey": key_file,
            "impersonatedUserEmails": list(mailboxes),
        }
        return self._connect(tenant, "service_account", keys)

    def disconnect(self, tenant: str, *, delete_data: bool) -> dict[str, Any]:
        """Disconnect all mailboxes of a tenant, and delete its mail if asked to."""
        query = {"deleteData": "true"} if delete_data else {}
        return self._call("DELETE", f"/api/integrations/{quote(tenant, safe='')}", params=query)

    def disconnect_mailbox(self, tenant: str, address: str, *, delete_data: bool) -> dict[str, Any]:
        """Disconnect one mailbox of a tenant, and delete its mail if asked to."""
        query = {"deleteData": "true"} if delete_data else {}
        path = f"/api/integrations/{quote(tenant, safe='')}/mailboxes/{quote(address, safe='')}"
        return self._call("DELETE", path, params=query)

    def sync(self, tenant: str, how: str = "") -> dict[str, Any]:
        """Ask for a sync: incremental, or ``initial`` or ``force``."""
        return self._call("POST", f"/api/sync/{quote(tenant, safe='')}/{how}".rstrip("/"))

    def backfill(
        self, tenant: str, start: datetime, end: datetime, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Ask for the mail of a range of time, or for what that would cost."""
        return self._call(
            "POST",
            f"/api/sync/{quote(tenant, safe='')}/historical",
            params={"dryRun": "true"} if dry_run else {},
            json={"startDate": start.isoformat(), "endDate": end.isoformat()},
        )

    def job(self, tenant: str, job_id: str) -> dict[str, Any]:
        """A job as it stands."""
        return self._call("GET", _job_path(tenant, job_id))

    def cancel_job(self, tenant: str, job_id: str) -> dict[str, Any]:
        """Stop a backfill."""
        return self._call("POST", f"{_job_path(tenant, job_id)}/cancel")

    def search(self, tenant: str, words: str, *, limit: int, offset: int) -> dict[str, Any]:
        """A page of the tenant's mail that holds these words."""
        query = {"tenantId": tenant, "q": words, "limit": str(limit), "offset": str(offset)}
        return self._call("GET", "/api/emails", params=query)

    def why(self, tenant: str, message: str, *, ask_google: bool) -> dict[str, Any]:
        """What became of a mail, by Gmail id or Message-ID."""
        query = {"tenantId": tenant, "messageId": message}
        return self._call(
            "GET", "/api/emails/why", params=query | ({"askGoogle": "true"} if ask_google else {})
        )

    def dead_letters(
        self, tenant: str, *, mailbox: str, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of dead letters, of one mailbox; empty: of all."""
        query = {"limit": str(limit)} | ({"mailbox": mailbox} if mailbox else {})
        query |= {"cursor": cursor} if cursor else {}
        return self._call("GET", _dead_letters(tenant), params=query)

    def retry_dead_letters(
        self, tenant: str, *, message_ids: Sequence[str], mailbox: str
    ) -> dict[str, Any]:
        """Try dead letters again: these Gmail ids, of this mailbox; empty: all."""
        body: dict[str, Any] = {"messageIds": list(message_ids)} if message_ids else {}
        body |= {"mailbox": mailbox} if mailbox else {}
        return self._call("POST", f"{_dead_letters(tenant)}/retry", json=body)

    def unlock(self, tenant: str) -> dict[str, Any]:
        """End leases and claims of a tenant now."""
        return self._call("POST", f"/api/sync/{quote(tenant, safe='')}/unlock")

    def coverage(
        self, tenant: str, start: str | None = None, end: str | None = None
    ) -> dict[str, Any]:
        """Which days (ISO, half-open) are proven complete."""
        query = {name: day for name, day in (("from", start), ("to", end)) if day}
        return self._call("GET", f"/api/sync/{quote(tenant, safe='')}/coverage", params=query)

    def exclusion_rules(self, tenant: str) -> dict[str, Any]:
        """The rules that hide mail of a tenant."""
        return self._call("GET", _rules(tenant))

    def put_exclusion_rule(self, tenant: str, name: str, rule: dict[str, Any]) -> dict[str, Any]:
        """Make or replace a rule."""
        return self._call("PUT", f"{_rules(tenant)}/{quote(name, safe='')}", json=rule)

    def delete_exclusion_rule(self, tenant: str, name: str) -> dict[str, Any]:
        """Delete a rule."""
        return self._call("DELETE", f"{_rules(tenant)}/{quote(name, safe='')}")

    def dry_run_exclusion_rule(self, tenant: str, rule: dict[str, Any]) -> dict[str, Any]:
        """What a rule would hide."""
        return self._call("POST", f"{_rules(tenant)}/dry-run", json=rule)

    def _connect(self, tenant: str, kind: str, keys: dict[str, Any]) -> dict[str, Any]:
        body = {"tenantId": tenant, "authType": kind, "keys": keys}
        return self._call("POST", "/api/integrations", json=body)

    def _call(
        self,
        verb: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        json: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        response = self._session.request(
            verb, f"{self._url}{path}", params=params, json=json, timeout=_TIMEOUT_SECONDS
        )
        if not response.ok:
            raise SidecarError(response.status_code, _problem(response))
        content: dict[str, Any] = response.json()
        return content


def _rules(tenant: str) -> str:
    return f"/api/tenants/{quote(tenant, safe='')}/exclusion-rules"


def _dead_letters(tenant: str) -> str:
    return f"/api/sync/{quote(tenant, safe='')}/dead-letters"


def _job_path(tenant: str, job_id: str) -> str:
    return f"/api/sync/{quote(tenant, safe='')}/jobs/{quote(job_id, safe='')}"


def _problem(response: requests.Response) -> str:
    try:
        problem = response.json()
    except requests.JSONDecodeError:
        return "no problem details"
    fields = problem.get("errors") or []
    if fields:
        return "; ".join(map(_reason, fields))
    detail = str(problem.get("detail") or problem.get("title"))
    action = str(problem.get("action") or "")
    return f"{detail}; {action}" if action and action not in detail else detail


def _reason(wrong: dict[str, Any]) -> str:
    # The address came from the command line, so it may be shown there.
    mailbox = f" ({wrong['mailbox']})" if wrong.get("mailbox") else ""
    return f"{wrong.get('field')}{mailbox}: {wrong.get('reason')}"
