"""``gmail-ingest why``: what became of one mail, for whoever misses it.

Holds: the command. Keep out: the answer (the sidecar gives it).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gmail_ingest.cli.deployment import api_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, AsJson, DataDir, Tenant
from gmail_ingest.cli.output import NOTES, RESULTS, print_json, print_table
from gmail_ingest.cli.remedies import of_finding

#: Facts of the ledger that are shown, by their name in the answer.
_FACTS = {
    "fate": "fate",
    "rule": "rule",
    "attempts": "attempts",
    "nextAttemptAt": "next attempt",
    "error": "error",
    "firstSeenAt": "first seen",
    "source": "seen by",
    "decidedAt": "decided",
    "jobId": "job",
    "dagsterRunId": "Dagster run",
}


def why(
    tenant: Tenant,
    message: Annotated[
        str, typer.Argument(help="A Gmail id, or a Message-ID with or without angle brackets.")
    ],
    *,
    ask_google: Annotated[
        bool,
        typer.Option("--ask-google", help="Look for an unknown Message-ID at Google, too."),
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Say what became of a mail: stored, left out by which rule, failed with which error."""
    answer = api_of(data_dir, api_url, api_key).why(tenant, message, ask_google=ask_google)
    if as_json:
        print_json(answer)
        return
    for finding in answer["mailboxes"]:
        _print(tenant, finding)
    if not answer["mailboxes"]:
        RESULTS.print("This tenant has no mailbox.")
    if answer["askGoogleUnits"]:
        NOTES.print(
            f"--ask-google also looks at Google, for {answer['askGoogleUnits']} quota units.",
            highlight=False,
        )
    if lookup := answer["google"]:
        NOTES.print(
            f"Google was asked: {lookup['answered']} mailboxes answered, {lookup['failed']} did "
            f"not, {lookup['units']} quota units.",
            highlight=False,
        )


def _print(tenant: str, finding: dict[str, Any]) -> None:
    lines = [f"{finding['mailbox']}: {finding['verdict']}"]
    lines += [f"  {finding['explanation']}", f"  {finding['next']}"]
    action = finding.get("action")
    if action and action not in finding["next"]:
        lines.append(f"  {action}")
    if command := of_finding(tenant, finding):
        lines.append(f"  What helps: {command}")
    for line in lines:
        RESULTS.print(line, markup=False, highlight=False)
    known = finding["ledger"] or {}
    facts = [("Gmail id", finding["gmailId"])] if finding["gmailId"] else []
    facts += [(words, known[name]) for name, words in _FACTS.items() if known.get(name)]
    if facts:
        print_table(("", ""), [(f"  {name}", value) for name, value in facts])
