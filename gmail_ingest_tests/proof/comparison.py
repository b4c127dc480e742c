"""What is stored against what the sandbox has: every way in which both could disagree.

Holds: ``differences``. Add here: a further promise that holds once a mailbox is quiet.
Keep out: making it quiet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gmail_ingest_lab.rehearsal.stored import MISJUDGED
from gmail_ingest_tests.proof.deployment import Deployment
from gmail_sandbox.account.mailbox import Mailbox

_OUT = frozenset({"DRAFT", "SPAM", "TRASH", "CHAT"})
_EMAILS = """
SELECT e.gmail_id, e.thread_id, e.label_ids, e.text FROM emails e WHERE e.mailbox_id = %s
"""
_THREADS = """
SELECT coalesce(t.thread_id, e.thread_id), t.message_count, e.members
FROM (SELECT thread_id, message_count FROM threads WHERE mailbox_id = %(box)s) t
FULL JOIN (
    SELECT thread_id, count(*) AS members FROM emails WHERE mailbox_id = %(box)s GROUP BY 1) e
    USING (thread_id)
WHERE t.message_count IS DISTINCT FROM e.members
"""
_LEDGER = "SELECT gmail_id, fate, reason FROM message_ledger WHERE mailbox_id = %s"
_JOBS = """
SELECT state FROM sync_jobs
WHERE tenant_id = %s AND state NOT IN ('succeeded', 'failed', 'cancelled') AND merged_into IS NULL
"""
_LEASES = "SELECT origin FROM leases WHERE mailbox_id = %s AND until > now()"


async def differences(
    deployment: Deployment, tenant: str, mailbox_id: int, box: Mailbox, texts: Mapping[str, str]
) -> list[str]:
    """Each disagreement in a few words; empty if both sides are the same.

    ``box`` must not change meanwhile; ``texts`` is what each message says, by id.
    """
    google = {message_id: box.message(message_id) for message_id in list(box.message_ids())}
    rows = {row[0]: row[1:] for row in await deployment.rows(_EMAILS, mailbox_id)}
    ledger = {row[0]: row[1:] for row in await deployment.rows(_LEDGER, mailbox_id)}
    found = list(_ids(google, rows, ledger))
    for key, (thread_id, labels, text) in rows.items():
        if (message := google.get(key)) is not None:
            if set(labels) != message.label_ids:
                found.append(f"{key}: labels {sorted(labels)}, not {sorted(message.label_ids)}")
            if thread_id != message.thread_id:
                found.append(f"{key}: in thread {thread_id}, not {message.thread_id}")
            if text.strip() != texts[key].strip():
                found.append(f"{key}: another text")
    found += [
        f"thread {row[0]}: {row[1:]}" for row in await deployment.rows(_THREADS, box=mailbox_id)
    ]
    found += [f"{row[0]}: misjudged by lists" for row in await deployment.rows(MISJUDGED)]
    found += [f"job {row[0]}" for row in await deployment.rows(_JOBS, tenant)]
    found += [f"lease {row[0]}" for row in await deployment.rows(_LEASES, mailbox_id)]
    return found


def _ids(
    google: Mapping[str, Any], rows: Mapping[str, Any], ledger: Mapping[str, Any]
) -> Iterator[str]:
    wanted = {key for key, message in google.items() if message.label_ids.isdisjoint(_OUT)}
    yield from (f"{key}: missing, ledger {ledger.get(key)}" for key in wanted - rows.keys())
    yield from (f"{key}: gone at Google" for key in rows.keys() - google.keys())
    yield from (
        f"{key}: stored, ledger {ledger.get(key)}"
        for key in rows
        if ledger.get(key, ("", ""))[0] != "stored"
    )
    yield from (
        f"{key}: {fate[0]}"
        for key, fate in ledger.items()
        if fate[0] in {"pending", "dead"} or (fate[0] == "stored" and key not in rows)
    )
