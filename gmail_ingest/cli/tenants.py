"""``gmail-ingest tenants``: what the CRM does through the API, from a terminal.

Holds: these commands. Keep out: OAuth's protocol (``local/consent``).
Changes go through the sidecar, as the CRM's do; the list is read from the database.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gmail_ingest.cli import rules
from gmail_ingest.cli.deployment import api_of, settings_of, stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, AsJson, DataDir, Tenant
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.errors import ConfigurationError, InvalidInputError
from gmail_ingest.local.consent import GOOGLE_AUTHORIZE_URI, OAuthClient

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.reads.overview import MailboxOverview

#: The default port for the redirect of an owner's browser.
CONSENT_PORT = 8765

app = typer.Typer(no_args_is_help=True, help="Tenants and their mailboxes.")
app.add_typer(rules.app, name="rules")


@app.command("list")
def list_tenants(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """List tenants with their mailboxes, from the database (DATABASE_URL)."""
    mailboxes = asyncio.run(_mailboxes(data_dir))
    if as_json:
        found: dict[str, list[dict[str, str]]] = {}
        for mailbox in mailboxes:
            row = {
                "address": mailbox.address,
                "state": mailbox.state,
                "authType": mailbox.auth_type,
            }
            found.setdefault(mailbox.tenant_id, []).append(row)
        print_json({"tenants": [{"tenantId": t, "mailboxes": m} for t, m in found.items()]})
    else:
        print_table(
            ("TENANT", "STATE", "MAILBOX", "STATE", "BY"),
            [(m.tenant_id, m.tenant_state, m.address, m.state, m.auth_type) for m in mailboxes],
        )


@app.command()
def connect(
    tenant: Tenant,
    *,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--service-account", exists=True, dir_okay=False, help="A service account's key."
        ),
    ] = None,
    mailbox: Annotated[
        list[str] | None,
        typer.Option(help="With --service-account: a mailbox to impersonate; may be repeated."),
    ] = None,
    authorize_uri: Annotated[
        str, typer.Option(help="The consent page; the sandbox's for a local Google.")
    ] = GOOGLE_AUTHORIZE_URI,
    port: Annotated[int, typer.Option(help="Local port of the consent's redirect.")] = CONSENT_PORT,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Connect a mailbox by its owner's consent in a browser, or mailboxes by a service account."""
    by_consent = (authorize_uri, port) != (GOOGLE_AUTHORIZE_URI, CONSENT_PORT)
    if mailbox and key_file is None:
        raise InvalidInputError(
            "--mailbox", "only with --service-account: a consent names its mailbox"
        )
    if by_consent and key_file is not None:
        raise InvalidInputError("--service-account", "not together with options of a consent page")
    api = api_of(data_dir, api_url, api_key)
    if key_file is not None:
        if not mailbox:
            raise InvalidInputError("--mailbox", "name the mailboxes to impersonate")
        answer = api.connect_service_account(tenant, _key_of(key_file), mailbox)
    else:
        from gmail_ingest.cli.consent import ask_for_consent

        grant = ask_for_consent(_client(data_dir, authorize_uri), port)
        answer = api.connect_oauth(tenant, grant)
    print_json(answer)


@app.command()
def disconnect(
    tenant: Tenant,
    *,
    mailbox: Annotated[
        str | None, typer.Option(help="Address of the one mailbox to disconnect; else all.")
    ] = None,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Delete its mail too.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Disconnect a tenant, or one mailbox of it: stop its watches, revoke grants that nobody else
    needs, write nothing more of it.
    """
    # An empty variable of a script, or dots that shorten a URL's path, must not mean all mailboxes.
    if mailbox is not None and "@" not in mailbox:
        reason = "must be a mailbox's address; leave it out to disconnect all"
        raise InvalidInputError("--mailbox", reason)
    api = api_of(data_dir, api_url, api_key)
    if mailbox is None:
        print_json(api.disconnect(tenant, delete_data=delete_data))
    else:
        print_json(api.disconnect_mailbox(tenant, mailbox, delete_data=delete_data))


def _key_of(path: Path) -> dict[str, object]:
    try:
        key = json.loads(path.read_bytes())
    except ValueError:
        raise InvalidInputError("--service-account", "the file is not JSON") from None
    if not isinstance(key, dict):
        raise InvalidInputError("--service-account", "the file holds no JSON object")
    return key


def _client(data_dir: Path, authorize_uri: str) -> OAuthClient:
    settings = settings_of(data_dir)
    secret = settings.google_client_secret.get_secret_value()
    if not settings.google_client_id or not secret:
        raise ConfigurationError("set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET to ask for consent")
    NOTES.print("asking for read-only access to one mailbox")
    return OAuthClient(settings.google_client_id, secret, authorize_uri, settings.google_token_uri)


async def _mailboxes(data_dir: Path) -> list[MailboxOverview]:
    async with stores_of(data_dir) as stores:
        return await stores.overview.mailboxes()
