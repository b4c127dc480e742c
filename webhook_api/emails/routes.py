"""Routes of mail: lists and threads.

Holds: /api/emails. Keep out: SQL, bodies.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.errors import InvalidInputError
from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Moment, TenantInQuery, Text
from webhook_api.base.openapi import NOT_FOUND
from webhook_api.emails.bodies import EmailPageBody, ThreadBody, answer

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
#: Postgres reads all rows before an offset and drops them: further pages need a cursor.
MAX_OFFSET = 1_000_000

SpamTrash = Annotated[
    bool, Query(alias="includeSpamTrash", description="Show what is in spam and trash, too.")
]
Mailbox = Annotated[Text | None, Query(description="Address of one mailbox.")]


def emails_router(use_cases: UseCases) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(prefix="/api/emails", tags=["emails"], responses=NOT_FOUND)

    @router.get("", summary="List and search mail", response_model=EmailPageBody)
    async def page(
        *,
        tenant_id: TenantInQuery,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[
            Text | None,
            Query(description="`nextCursor` of the page before, asked for with the same filters."),
        ] = None,
        offset: Annotated[
            int | None,
            Query(
                ge=0,
                le=MAX_OFFSET,
                description="How many to leave out; slower the greater it is. Not with `cursor`.",
            ),
        ] = None,
        q: Annotated[
            Text,
            Query(description='Words to find; "a phrase", or, -not, begin*.', examples=["invoice"]),
        ] = "",
        mailbox: Mailbox = None,
        label: Annotated[Text | None, Query(description="A Gmail label id.")] = None,
        participant: Annotated[Text | None, Query(description="An address in any role.")] = None,
        direction: Literal["inbound", "outbound", "self"] | None = None,
        since: Annotated[Moment | None, Query(alias="from", description="Not before; UTC.")] = None,
        until: Annotated[Moment | None, Query(alias="to", description="Before; UTC.")] = None,
        has_attachment: Annotated[bool | None, Query(alias="hasAttachment")] = None,
        thread_id: Annotated[Text | None, Query(alias="threadId")] = None,
        include_spam_trash: SpamTrash = False,
        unique: Annotated[
            bool,
            Query(
                description="Show a mail that several mailboxes of the tenant have once, with its "
                "`copies`. Not with `offset`."
            ),
        ] = False,
    ) -> Response:
        """The tenant's mail, newest first. Filters narrow together.

        Follow `nextCursor` until it is null: any page is as fast as the first, and mail that
        arrives meanwhile shifts nothing. A page of a search, or of unique mail, may be short, or
        empty, and still have a `nextCursor`. Pages by `offset` are full, and count the `total`
        (up to 10,000).
        """
        wanted = EmailFilter(
            tenant_id=tenant_id,
            q=q,
            mailbox=mailbox.lower() if mailbox else None,
            label=label or None,
            participant=participant.lower() if participant else None,
            direction=direction,
            since=since,
            until=until,
            has_attachment=has_attachment,
            thread_id=thread_id or None,
            include_spam_trash=include_spam_trash,
            unique=unique,
        )
        _check(wanted, cursor, offset)
        if offset is None:
            found = await use_cases.stores.emails.page(wanted, limit=limit, cursor=cursor)
        else:
            found = await use_cases.stores.emails.page_at(wanted, limit=limit, offset=offset)
        return answer(found)

    @router.get("/thread/{threadId}", summary="Read a thread", response_model=ThreadBody)
    async def thread(
        *,
        tenant_id: TenantInQuery,
        thread_id: Annotated[Text, Path(alias="threadId")],
        mailbox: Mailbox = None,
        include_spam_trash: SpamTrash = False,
    ) -> Response:
        """A thread's messages, oldest first, and its summary."""
        found = await use_cases.stores.emails.thread(
            tenant_id,
            thread_id,
            mailbox=mailbox.lower() if mailbox else None,
            include_spam_trash=include_spam_trash,
        )
        return answer(found)

    return router


def _check(wanted: EmailFilter, cursor: str | None, offset: int | None) -> None:
    if cursor is not None and offset is not None:
        raise InvalidInputError("offset", "cannot be used with cursor")
    if wanted.unique and offset is not None:
        raise InvalidInputError("offset", "cannot be used with unique")
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise InvalidInputError("to", "must be later than from")
