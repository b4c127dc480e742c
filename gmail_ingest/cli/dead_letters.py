"""``gmail-ingest dead-letters``: messages that were given up, and another try.

Holds: these commands. Keep out: reading and retrying them (the sidecar does that).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gmail_ingest.cli.deployment import api_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, AsJson, DataDir, Tenant
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.errors import NotFoundError

app = typer.Typer(
    no_args_is_help=True,
    help="Messages that were given up. Needs the sidecar: --api-url and --api-key.",
)

#: Dead letters of one page: the API's limit.
_PAGE = 500
InMailbox = Annotated[str, typer.Option("--mailbox", help="Address of one mailbox; all if empty.")]


@app.command("list")
def list_dead_letters(
    tenant: Tenant,
    *,
    mailbox: InMailbox = "",
    limit: Annotated[int, typer.Option(min=1, help="How many to list at the most.")] = 100,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """List messages whose every attempt failed, with the last error."""
    api = api_of(data_dir, api_url, api_key)
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < limit:
        size = min(_PAGE, limit - len(found))
        page = api.dead_letters(tenant, mailbox=mailbox, cursor=cursor, limit=size)
        found += page["deadLetters"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    if as_json:
        print_json({"tenantId": tenant, "deadLetters": found, "more": cursor is not None})
        return
    print_table(
        ("MAILBOX", "GMAIL ID", "ATTEMPTS", "SINCE", "ERROR"),
        [
            (
                dead_letter["mailbox"],
                dead_letter["gmailId"],
                dead_letter["attempts"],
                dead_letter["since"],
                dead_letter["error"],
            )
            for dead_letter in found
        ],
    )
    if cursor is not None:
        NOTES.print("there are more: give a greater --limit")
    if found:
        NOTES.print(
            f"`gmail-ingest dead-letters retry {tenant}` tries all of them again",
            markup=False,
            highlight=False,
        )


@app.command()
def retry(
    tenant: Tenant,
    *,
    message: Annotated[
        list[str] | None,
        typer.Option("--message", help="A Gmail id; may be repeated; all if none is given."),
    ] = None,
    mailbox: InMailbox = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Give dead letters all their attempts again, and queue a sync for them.

    Exits 1 if messages were named and none of them is a dead letter.
    """
    api = api_of(data_dir, api_url, api_key)
    answer = api.retry_dead_letters(tenant, message_ids=message or [], mailbox=mailbox)
    if message and not answer["count"]:
        raise NotFoundError(
            "none of these messages is a dead letter: `gmail-ingest why` says what became of one"
        )
    print_json(answer)
