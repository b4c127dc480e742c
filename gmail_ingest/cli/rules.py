"""``gmail-ingest tenants rules``: which stored mail the CRM does not see, from a terminal.

Holds: the commands. Keep out: hiding mail (the sidecar and Dagster do that).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gmail_ingest.cli.deployment import api_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, AsJson, DataDir, Tenant
from gmail_ingest.cli.output import NOTES, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Exclusion rules of a tenant.")

Name = Annotated[str, typer.Argument(help="The rule's name.")]
Values = list[str] | None
Addresses = Annotated[
    Values, typer.Option("--address", help="Mail that names this address; may be repeated.")
]
Domains = Annotated[
    Values, typer.Option("--domain", help="Mail that names an address of this domain.")
]
InternalDomains = Annotated[
    Values,
    typer.Option("--internal-domain", help="Mail of these and the owner alone."),
]
InternalAddresses = Annotated[
    Values, typer.Option("--internal-address", help="As --internal-domain, for one address.")
]
Categories = Annotated[
    Values, typer.Option("--category", help="A Gmail category, as CATEGORY_PROMOTIONS.")
]
Labels = Annotated[
    Values, typer.Option("--label", help="A Gmail label id; a user's own label needs --mailbox.")
]
Senders = Annotated[Values, typer.Option("--sender", help="no_reply, bounce, list or auto_reply.")]
InMailbox = Annotated[
    str | None, typer.Option("--mailbox", help="Address of the one mailbox that it is for.")
]


@app.command("list")
def list_rules(
    tenant: Tenant,
    *,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """List a tenant's rules, and how many mails each hides."""
    answer = api_of(data_dir, api_url, api_key).exclusion_rules(tenant)
    if as_json:
        print_json(answer)
        return
    print_table(
        ("RULE", "ENABLED", "MAILBOX", "HIDES", "MAILS"),
        [
            (
                rule["name"],
                "yes" if rule["enabled"] else "no",
                rule["mailbox"] or "all",
                _criteria(rule),
                rule["hiddenMails"],
            )
            for rule in answer["rules"]
        ],
    )
    if waiting := answer["undecidedMailboxes"]:
        NOTES.print(f"A change is not yet applied to all mail of {waiting} mailboxes.")


@app.command("set")
def set_rule(
    tenant: Tenant,
    name: Name,
    *,
    address: Addresses = None,
    domain: Domains = None,
    internal_domain: InternalDomains = None,
    internal_address: InternalAddresses = None,
    category: Categories = None,
    label: Labels = None,
    sender: Senders = None,
    mailbox: InMailbox = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Keep the rule, and hide nothing by it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what it would hide, and show samples.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Make a rule, or replace the one of this name: mail that any of the options fits is hidden."""
    rule = {
        "addresses": address or [],
        "domains": domain or [],
        "internalDomains": internal_domain or [],
        "internalAddresses": internal_address or [],
        "categories": category or [],
        "labels": label or [],
        "senders": sender or [],
        "mailbox": mailbox,
        "enabled": not disabled,
    }
    api = api_of(data_dir, api_url, api_key)
    if not dry_run:
        print_json(api.put_exclusion_rule(tenant, name, rule))
        return
    answer = api.dry_run_exclusion_rule(tenant, rule)
    if as_json:
        print_json(answer)
    else:
        _print_dry_run(answer)


@app.command("delete")
def delete_rule(
    tenant: Tenant,
    name: Name,
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Delete a rule; what it hid is shown again."""
    print_json(api_of(data_dir, api_url, api_key).delete_exclusion_rule(tenant, name))


def _criteria(rule: dict[str, Any]) -> str:
    return "; ".join(
        f"{name}: {', '.join(values)}"
        for name, values in rule.items()
        if isinstance(values, list) and values
    )


def _print_dry_run(answer: dict[str, Any]) -> None:
    print_table(
        ("MAILBOX", "MAILS"),
        [(matched["mailbox"], matched["mails"]) for matched in answer["byMailbox"]],
    )
    NOTES.print(
        f"It fits {answer['total']} stored mails; {answer['alreadyHidden']} of them are hidden now."
    )
    if samples := answer["samples"]:
        columns = ("date", "mailbox", "sender", "subject", "gmailId")
        print_table(
            ("NEWEST", "MAILBOX", "SENDER", "SUBJECT", "GMAIL ID"),
            [[sample[column] for column in columns] for sample in samples],
        )
