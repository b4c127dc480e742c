"""Mail to measure with: a corpus where there is one, seeded mail otherwise.

Holds: finding the corpus, filling mailboxes, connecting them. Add here: another source of mail.
Keep out: figures. The environment variable GMAIL_INGEST_CORPUS names an mbox (also gzipped).
"""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.sync.accounts.connect import Connect, ConnectRequest
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from gmail_ingest.wiring.stores import Stores
from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.harness import Harness
from gmail_ingest_lab.demo.sandbox_api import Share
from gmail_sandbox.mail.mbox import MboxMessage, read_mbox
from gmail_sandbox.mail.mbox_share import share_of

_VARIABLE = "GMAIL_INGEST_CORPUS"
#: Messages of the corpus that the figures were set for; seeded mail comes in the same number.
CORPUS_SIZE = 1_650
#: Tenants that are connected side by side.
_CONNECTS = 16


@dataclass(frozen=True, slots=True)
class Mail:
    """Where mail comes from; ``path`` None means seeded mail."""

    path: Path | None
    description: str


def find_mail() -> Mail:
    """The corpus that the environment names, or else seeded mail."""
    path = Path(os.environ.get(_VARIABLE, ""))
    if path.is_file():
        return Mail(path.resolve(), f"the corpus {path.name}")
    return Mail(None, "seeded mail")


def fill(
    harness: Harness, mail: Mail, addresses: Sequence[str], messages_each: int, progress: Progress
) -> int:
    """Make mailboxes of about ``messages_each`` messages, threads whole; returns how many messages.

    A corpus is dealt out in shares; a mailbox never has more than all of it once.
    """
    files = [] if mail.path is None else _deal(mail.path, messages_each, harness.stack.data.root)
    for index, address in enumerate(addresses):
        if files:
            harness.google.create_mailbox(address)
            harness.google.load_share(address, files[index % len(files)], Share(0, 1), 0)
        else:
            harness.google.create_mailbox(address, messages=messages_each, seed=index)
        progress("filling mailboxes", index + 1, len(addresses))
    return sum(harness.google.size(address) for address in addresses)


def connect(
    harness: Harness,
    addresses: Sequence[str],
    topic: str = "",
    tenants: Mapping[str, str] | None = None,
) -> None:
    """Connect each mailbox as a tenant of its own; their initial syncs wait in the queue.

    Args:
        harness: with these mailboxes.
        addresses: of the mailboxes.
        topic: to watch them with; none if empty.
        tenants: by address; those that are not in it are called as their mailbox.
    """
    names = tenants or {}
    grants = {
        (names.get(address, address), address): harness.google.grant(address)
        for address in addresses
    }
    asyncio.run(_connect(harness, grants, topic))


async def _connect(
    harness: Harness, grants: Mapping[tuple[str, str], OAuthKeys], topic: str
) -> None:
    engine = create_engine(harness.databases.mail, pool_size=_CONNECTS)
    stores = Stores(harness.settings, engine)
    slots = asyncio.Semaphore(_CONNECTS)
    try:
        async with Gmail(harness.settings, stores.credentials) as gmail:
            use_case = Connect(stores.registry, stores.mail, gmail, topic)

            async def one(tenant: str, keys: OAuthKeys) -> None:
                async with slots:
                    await use_case.connect(ConnectRequest(tenant, keys))

            await asyncio.gather(*(one(tenant, keys) for (tenant, _), keys in grants.items()))
    finally:
        await stores.aclose()


def _deal(path: Path, messages_each: int, directory: Path) -> list[Path]:
    """Write an mbox in shares of about ``messages_each`` messages, once for all mailboxes."""
    messages = list(read_mbox(path))
    shares = max(1, round(len(messages) / messages_each))
    files = [directory / f"share-{index}.mbox.gz" for index in range(shares)]
    for index, file in enumerate(files):
        with gzip.open(file, "wb", compresslevel=1) as out:
            for message in share_of(messages, index, shares):
                out.write(_entry(message))
    return files


def _entry(message: MboxMessage) -> bytes:
    lines = message.raw.split(b"\n")
    quoted = (b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines)
    date = time.asctime(time.gmtime((message.internal_date or 0) / 1000)).encode()
    return b"From bench " + date + b"\n" + b"\n".join(quoted).rstrip(b"\n") + b"\n\n"
