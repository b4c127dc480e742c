"""Routes of connecting, looking and disconnecting.

Holds: /api/integrations. Keep out: the use cases (``gmail_ingest.sync``), bodies.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from gmail_ingest.adapters.gmail.service_account import service_account_keys
from gmail_ingest.errors import InvalidInputError
from gmail_ingest.settings import Settings
from gmail_ingest.sync.connect import Connected, ConnectRequest
from webhook_api.integration_models import (
    CONNECT_EXAMPLES,
    ConnectBody,
    ConnectedBody,
    ConnectedMailboxBody,
    DisconnectedBody,
    OAuthConnect,
    ServiceAccountKeysBody,
    TenantBody,
)
from webhook_api.models import TenantInPath
from webhook_api.openapi import NOT_FOUND, UNAVAILABLE
from webhook_api.services import Services
from webhook_api.tenant_bodies import tenant_body


def integrations_router(services: Services) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(prefix="/api/integrations", tags=["integrations"])
    watching = bool(services.settings.pubsub_topic)

    @router.post("", status_code=201, summary="Connect mailboxes", responses=UNAVAILABLE)
    async def connect(
        body: Annotated[ConnectBody, Body(openapi_examples=CONNECT_EXAMPLES)],
    ) -> ConnectedBody:
        """Try the credential out at Google, keep it sealed, start the watch, queue the first sync.

        All mailboxes of a request are connected, or none. Connecting a mailbox again renews its
        credential and keeps its mail; it does no harm to repeat a request. A mailbox is known by
        its mail: one that has another address now is the same, and another account with a known
        address is a new one.
        """
        done = await services.connect.connect(_request(body, services.settings))
        return _connected(body, done)

    @router.get("/{tenantId}", summary="Look at a tenant", responses=NOT_FOUND)
    async def look(tenant_id: TenantInPath) -> TenantBody:
        """The tenant's integrations and mailboxes, each with what a person has to do, if anything.

        Credentials are never shown.
        """
        return tenant_body(await services.reads.tenant(tenant_id), watching=watching)

    @router.delete("/{tenantId}", summary="Disconnect a tenant", responses=NOT_FOUND | UNAVAILABLE)
    async def disconnect(
        *,
        tenant_id: TenantInPath,
        delete_data: Annotated[
            bool, Query(alias="deleteData", description="Also delete the stored mail.")
        ] = False,
    ) -> DisconnectedBody:
        """End all syncs of the tenant, stop its watches, revoke its grants, forget its credentials.

        Nothing of the tenant is written once this began. Repeat it until `complete` is true.
        """
        done = await services.disconnect.disconnect(tenant_id, delete_data=delete_data)
        return DisconnectedBody.model_validate(done)

    return router


def _request(body: ConnectBody, settings: Settings) -> ConnectRequest:
    if isinstance(body, OAuthConnect):
        return ConnectRequest(body.tenant_id, body.keys.to_keys())
    keys: ServiceAccountKeysBody = body.keys
    try:
        checked = service_account_keys(
            keys.service_account_key,
            service_account_email=keys.service_account_email,
            token_uri=settings.google_token_uri,
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"keys.{error.field}", error.reason) from None
    return ConnectRequest(body.tenant_id, checked, keys.addresses)


def _connected(body: ConnectBody, done: Connected) -> ConnectedBody:
    return ConnectedBody(
        tenant_id=body.tenant_id,
        auth_type=body.auth_type,
        mailboxes=[
            ConnectedMailboxBody(
                address=each.mailbox.address,
                state=each.mailbox.state,
                reconnected=each.reconnected,
                watch=each.watch,
                watch_expires_at=each.watch_expires_at,
                watch_error=each.watch_error,
                former_address=each.former_address,
                replaced_account=each.replaced_account,
            )
            for each in done.mailboxes
        ],
        job_id=done.initial_job,
        incremental_job_id=done.incremental_job,
    )
