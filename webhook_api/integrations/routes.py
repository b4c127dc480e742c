"""Routes of connecting, looking and disconnecting.

Holds: /api/integrations. Keep out: the use cases (``gmail_ingest.sync``), bodies.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from gmail_ingest.adapters.gmail.service_account import service_account_keys
from gmail_ingest.errors import InvalidInputError, NotFoundError
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.connect import Connected, ConnectRequest
from gmail_ingest.sync.accounts.registry import check_new_tenant_id
from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import TenantInPath, Text
from webhook_api.base.openapi import NOT_FOUND
from webhook_api.integrations.bodies import (
    CONNECT_EXAMPLES,
    ConnectBody,
    ConnectedBody,
    ConnectedMailboxBody,
    DisconnectedBody,
    FailedMailboxBody,
    MailboxDisconnectedBody,
    OAuthConnect,
    ServiceAccountKeysBody,
)
from webhook_api.integrations.tenant import TenantBody, tenant_body


def integrations_router(use_cases: UseCases) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(prefix="/api/integrations", tags=["integrations"])
    watching = bool(use_cases.stores.settings.pubsub_topic)

    async def check_tenant(tenant_id: str) -> None:
        try:
            check_new_tenant_id(tenant_id)
        except InvalidInputError as error:
            # A tenant that was connected before the rule existed may renew its credential.
            try:
                await use_cases.stores.status.tenant(tenant_id)
            except NotFoundError:
                raise error from None

    @router.post("", status_code=201, summary="Connect mailboxes")
    async def connect(
        body: Annotated[ConnectBody, Body(openapi_examples=CONNECT_EXAMPLES)],
    ) -> ConnectedBody:
        """Try the credential out at Google, keep it sealed, start the watch, queue the first sync.

        All mailboxes of a request are connected, or none, and then `errors` names each that is
        refused; with `onError: "skip"` those that can be are connected, and `failed` names the
        others. Connecting a mailbox again renews its credential and keeps its mail; it does no harm
        to repeat a request. Mailboxes that it does not name stay as they are: `untouched`. A
        mailbox is known by its mail: one that has another address now is the same, and another
        account with a known address is a new one.
        """
        await check_tenant(body.tenant_id)
        done = await use_cases.connect.connect(_request(body, use_cases.stores.settings))
        return _connected(body, done)

    @router.get("/{tenantId}", summary="Look at a tenant", responses=NOT_FOUND)
    async def look(tenant_id: TenantInPath) -> TenantBody:
        """The tenant's integrations and mailboxes, each with what a person has to do, if anything.

        Credentials are never shown.
        """
        return tenant_body(await use_cases.stores.status.tenant(tenant_id), watching=watching)

    @router.delete("/{tenantId}", summary="Disconnect a tenant", responses=NOT_FOUND)
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
        done = await use_cases.disconnect.disconnect(tenant_id, delete_data=delete_data)
        return DisconnectedBody.model_validate(done)

    @router.delete("/{tenantId}/", include_in_schema=False)
    async def disconnect_nothing(tenant_id: TenantInPath) -> None:
        """Where a mailbox's path ends if its address is ``..``: clients shorten it before they
        send it. The redirect that would be here otherwise leads to the whole tenant.
        """
        await use_cases.stores.status.tenant(tenant_id)
        raise NotFoundError("nothing is here: a tenant's own path has no slash at its end")

    @router.delete(
        "/{tenantId}/mailboxes/{address:path}",
        summary="Disconnect one mailbox",
        responses=NOT_FOUND,
    )
    async def disconnect_mailbox(
        *,
        tenant_id: TenantInPath,
        address: Annotated[Text, Path(min_length=1, description="Of the mailbox.")],
        delete_data: Annotated[
            bool, Query(alias="deleteData", description="Also delete its stored mail.")
        ] = False,
    ) -> MailboxDisconnectedBody:
        """End the syncs of one mailbox, stop its watch, and leave the tenant's others alone.

        Its credential is revoked and forgotten if no other mailbox lives on it. Nothing of the
        mailbox is written once this began. With the last mailbox the tenant is disconnected.
        Repeat it until `complete` is true; with `deleteData` the mailbox is unknown after that
        (404). Exclusion rules that are limited to it are deleted with its data, and stay otherwise.
        """
        done = await use_cases.disconnect.disconnect_mailbox(
            tenant_id, address, delete_data=delete_data
        )
        return MailboxDisconnectedBody(
            tenant_id=done.tenant_id,
            mailbox=done.mailbox,
            tenant_state="connected" if done.still_connected else "disconnected",
            still_connected=list(done.still_connected),
            jobs_cancelled=done.jobs_cancelled,
            watches=dict(done.watches),
            grants=dict(done.grants),
            deleted=None if done.deleted is None else dict(done.deleted),
            complete=done.complete,
        )

    return router


def _request(body: ConnectBody, settings: Settings) -> ConnectRequest:
    if isinstance(body, OAuthConnect):
        return ConnectRequest(body.tenant_id, body.keys.to_keys())
    skip = body.on_error == "skip"
    keys: ServiceAccountKeysBody = body.keys
    try:
        checked = service_account_keys(
            keys.service_account_key,
            service_account_email=keys.service_account_email,
            token_uri=settings.google_token_uri,
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"keys.{error.field}", error.reason) from None
    return ConnectRequest(body.tenant_id, checked, keys.addresses, skip_failed=skip)


def _connected(body: ConnectBody, done: Connected) -> ConnectedBody:
    return ConnectedBody(
        tenant_id=body.tenant_id,
        auth_type=body.auth_type,
        mailboxes=[
            ConnectedMailboxBody(
                address=mailbox.mailbox.address,
                state=mailbox.mailbox.state,
                reconnected=mailbox.reconnected,
                watch=mailbox.watch,
                watch_expires_at=mailbox.watch_expires_at,
                watch_error=mailbox.watch_error,
                former_address=mailbox.former_address,
                replaced_account=mailbox.replaced_account,
            )
            for mailbox in done.mailboxes
        ],
        job_id=done.initial_job,
        incremental_job_id=done.incremental_job,
        untouched=list(done.untouched),
        failed=[FailedMailboxBody.model_validate(mailbox) for mailbox in done.failed],
    )
