"""How the demonstration looks: a live summary on a terminal, plain lines elsewhere.

Holds: ``DemoView`` and ``render``. Keep out: the numbers (``demo/observer``).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest_lab.demo.plan import range_of_the_past
from gmail_ingest_lab.demo.run import Demo
from gmail_ingest_lab.demo.snapshot import Snapshot

_LINE_EVERY_SECONDS = 5.0


class DemoView:
    """Shows steps and snapshots.

    Args:
        console: where to; plain lines unless it is a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._last: tuple[str, float] = ("", 0.0)

    def step(self, text: str) -> None:
        """Say what is being done."""
        self._console.print(f"· {text}", style="dim", markup=False, highlight=False)

    def show(self, snapshot: Snapshot) -> None:
        """Show the state of things."""
        if self._live is not None:
            self._live.update(render(snapshot), refresh=True)
            return
        phase, at = self._last
        if snapshot.phase != phase or time.monotonic() - at >= _LINE_EVERY_SECONDS:
            self._last = (snapshot.phase, time.monotonic())
            self._console.print(line(snapshot), markup=False, highlight=False)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show snapshots in place, if this is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def addresses(self, demo: Demo, data: DataDirectory) -> None:
        """Say where everything is, and how to try it."""
        api = demo.addresses.api
        for name, value in (
            ("Dagster", demo.addresses.dagster),
            ("API docs", f"{api}/docs"),
            ("sandbox", f"{demo.addresses.sandbox}/sandbox"),
            ("logs", str(data.logs)),
        ):
            self._console.print(f"{name:>9}  {value}", markup=False, highlight=False)
        self._console.print("To try it, copy these two lines into another terminal:", style="dim")
        for text in (export_line(variables(demo, data)), _READ):
            self._console.print(text, markup=False, highlight=False)


#: Reads mail, with the variables of ``export_line``.
_READ = 'curl -H "X-API-Key: $KEY" "$API/api/emails?tenantId=acme&limit=3"'


def variables(demo: Demo, data: DataDirectory) -> dict[str, str]:
    """What the README's first hour and this project's commands need of a running demonstration."""
    start, end = range_of_the_past(datetime.now(UTC).date())
    return {
        "API": demo.addresses.api,
        "KEY": demo.api_key,
        "SANDBOX": demo.addresses.sandbox or "",
        "FROM": start.isoformat(),
        "TO": end.isoformat(),
        "GMAIL_INGEST_DATA_DIR": str(data.root),
        "GMAIL_INGEST_API_URL": demo.addresses.api,
        "GMAIL_INGEST_API_KEY": demo.api_key,
    }


def export_line(values: Mapping[str, str]) -> str:
    """One line for any shell that puts these values into the environment."""
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def line(snapshot: Snapshot) -> str:
    """A snapshot in one line."""
    return (
        f"{snapshot.seconds:6.1f} s  {snapshot.phase}: "
        f"{snapshot.stored} of {snapshot.at_google} stored{_older(snapshot)}, "
        f"{snapshot.pushed} pushed ({snapshot.on_their_way} on their way), "
        f"{snapshot.units} units"
    )


def render(snapshot: Snapshot) -> RenderableType:
    """A snapshot as a table by mailbox, with the totals below."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("TENANT")
    table.add_column("MAILBOX")
    table.add_column("AT GOOGLE", justify="right")
    table.add_column("STORED", justify="right")
    table.add_column("OLDER, STORED" if snapshot.older else "", justify="right")
    for mailbox in snapshot.mailboxes:
        counted = mailbox.count
        table.add_row(
            mailbox.tenant,
            mailbox.address,
            str(counted.at_google),
            Text(str(counted.stored), style="green" if counted.whole else "yellow"),
            f"{counted.older_stored} of {counted.older}" if snapshot.older else "",
        )
    runs = ", ".join(f"{count} {state.lower()}" for state, count in sorted(snapshot.runs.items()))
    facts = (
        f"{snapshot.stored} of {snapshot.at_google} stored{_older(snapshot)}",
        f"quota units: {snapshot.units}",
        f"push to row: {_seconds(snapshot.push_p50)} median, {_seconds(snapshot.push_p95)} p95",
        f"pushed: {snapshot.pushed}, {snapshot.on_their_way} on their way",
        f"Dagster runs: {runs or 'none yet'}",
        f"{snapshot.phase} · {snapshot.seconds:.0f} s",
    )
    return Group(table, Text(), *(Text(fact) for fact in facts))


def _older(snapshot: Snapshot) -> str:
    """The older mail, which a backfill brings, while it is counted apart."""
    return f" ({snapshot.older_stored} of {snapshot.older} older)" if snapshot.older else ""


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"  # noqa: RUF001 - a dash for no value
