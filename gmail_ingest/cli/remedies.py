"""Which command helps, as something to type.

Holds: pure functions from what is known to command lines. Add here: a state or verdict that a
command helps in. Keep out: words for customers (``errors.REMEDIES``; the API shows those).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from gmail_ingest.core.ledger.scope import LEFT_OUT_REASONS, OUTSIDE_RANGE

#: Causes after which a service account's key is connected again, not a consent.
_OF_SERVICE_ACCOUNTS = frozenset({"key_refused", "delegation", "address_moved"})


def reconnect(tenant: str, cause: str | None = None) -> str:
    """The command that connects mailboxes of a tenant again."""
    how = " --service-account KEY.json --mailbox ADDRESS" if cause in _OF_SERVICE_ACCOUNTS else ""
    return _command("tenants", "connect", tenant) + how


def of_mailbox(tenant: str, state: str, cause: str | None) -> str | None:
    """What to type about a mailbox in this state, None if nothing helps or is needed."""
    if cause == "operator":
        return "gmail-ingest doctor"
    if state in {"needs_reauth", "admin_action_required", "suspended", "disconnected"}:
        return reconnect(tenant, cause)
    return None


def of_finding(tenant: str, finding: Mapping[str, Any]) -> str | None:
    """What to type about a mail, by the API's finding of it in one mailbox."""
    ledger = finding.get("ledger") or {}
    match finding["verdict"]:
        case "dead_letter":
            return _command(
                "dead-letters", "retry", tenant, "--message", finding.get("gmailId") or ""
            )
        case "excluded":
            return _of_excluded(tenant, ledger.get("rule"))
        case "at_google":
            return f"{_command('sync', tenant)}, or of an older mail: {_backfill(tenant)}"
        case "never_listed":
            return f"if it is older: {_backfill(tenant)}"
        case "disconnected":
            return reconnect(tenant)
        case "not_known" | "retrying":
            known = of_mailbox(tenant, finding.get("state", "active"), None)
            return known or (_command("sync", tenant) if not ledger else None)
    return None


def _of_excluded(tenant: str, rule: str | None) -> str | None:
    """The API names the exclusion rule that hides a mail, or why it was left out."""
    if rule == OUTSIDE_RANGE:
        return _backfill(tenant)
    if rule is None or rule in LEFT_OUT_REASONS:
        return None
    return _command("tenants", "rules", "list", tenant)


def _backfill(tenant: str) -> str:
    return _command("sync", "history", tenant) + " --from DAY --to DAY"


def _command(*words: str) -> str:
    return shlex.join(("gmail-ingest", *words))
