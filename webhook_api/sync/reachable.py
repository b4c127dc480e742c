"""Which mailboxes of a tenant a sync can reach, before one is asked for.

Holds: what refuses a request that nothing can come of. Add here: a state in which a sync must be
refused. Keep out: queues, routes. Source: edge case 105. A job that no mailbox can do would end as
cancelled, where the caller does not look. So the caller is told at once what a person has to do.
"""

from __future__ import annotations

from fastapi import HTTPException
from pydantic import Field

from gmail_ingest.adapters.postgres.reads.status_views import TenantStatus
from webhook_api.base.bodies import Model
from webhook_api.integrations.tenant import action_of

#: States of mailboxes that have ended: a sync of the tenant leaves them out.
_ENDED = frozenset(("disconnected", "replaced"))


class UnreachableBody(Model):
    """A connected mailbox that no sync reaches now."""

    mailbox: str
    state: str
    action: str | None = Field(description="What a person has to do.")


def require_connected(tenant: TenantStatus) -> None:
    """Refuse to change a tenant that is disconnected.

    Raises:
        HTTPException: 409, if it is.
    """
    if tenant.state != "connected":
        raise HTTPException(409, "this tenant is disconnected: connect it first")


def require_syncable(tenant: TenantStatus, mailbox: str | None = None) -> list[UnreachableBody]:
    """The tenant's connected mailboxes that no sync reaches in their present state.

    Args:
        tenant: as it stands.
        mailbox: lower-cased address of the one that is asked for; it may be a former one.

    Raises:
        HTTPException: 409, if the tenant is disconnected, or no mailbox of it can be synced, or not
            the one that is asked for; each state is named with what a person has to do.
    """
    require_connected(tenant)
    connected = [
        mailbox
        for integration in tenant.integrations
        for mailbox in integration.mailboxes
        if mailbox.state not in _ENDED
    ]
    if mailbox is not None:
        # An address that no mailbox has is left to the query that reads it.
        exact = [candidate for candidate in connected if candidate.address == mailbox]
        former = [candidate for candidate in connected if mailbox in candidate.former_addresses]
        connected = exact or former or connected
    dead = [
        UnreachableBody(
            mailbox=stopped.address,
            state=stopped.state,
            action=action_of(stopped.state, stopped.cause),
        )
        for stopped in connected
        if stopped.state != "active"
    ]
    if len(dead) == len(connected):
        why = sorted({f"{body.state}: {body.action}" for body in dead})
        detail = " ".join(why) or "it has none that is connected: connect one first"
        which = "no mailbox of this tenant can" if mailbox is None else "this mailbox cannot"
        raise HTTPException(409, f"{which} be synced now; {detail}")
    return dead
