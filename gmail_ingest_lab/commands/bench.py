"""``gmail-ingest bench``: the benchmark suite.

Holds: the command and how its progress and figures look. Keep out: measuring
(``gmail_ingest_lab.benchmarks``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gmail_ingest.cli.output import NOTES, RESULTS, print_json
from gmail_ingest.errors import InvalidInputError
from gmail_ingest.local.signals import StopRequested, stop_on_signals
from gmail_ingest.logs import configure_logging
from gmail_ingest_lab.benchmarks import figure, suite
from gmail_ingest_lab.commands.sandbox import require_sandbox

_LINE_EVERY_SECONDS = 5.0

_ALL = "all"
_NAMES = ", ".join((*suite.BENCHMARKS, _ALL))


def bench(
    name: Annotated[str, typer.Argument(help=f"Which figure to measure: {_NAMES}.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="The last line is one JSON object.")
    ] = False,
    scale: Annotated[
        float,
        typer.Option(min=0.001, max=1.0, help="Below 1 measures less: quicker, and no evidence."),
    ] = 1.0,
) -> None:
    """Measure a figure of docs/benchmarks.md on this machine, beside a plain baseline.

    Starts what it needs on loopback and leaves nothing behind. Exits 0 if the goal is reached.
    """
    names = list(suite.BENCHMARKS) if name == _ALL else [name]
    if unknown := set(names) - set(suite.BENCHMARKS):
        raise InvalidInputError("name", f"is one of {_NAMES}, not {unknown.pop()}")
    require_sandbox()
    configure_logging("WARNING")
    found: list[figure.Figure] = []
    try:
        with stop_on_signals():
            for benchmark in names:
                with _progress(benchmark) as progress:
                    found.append(suite.find(benchmark)(progress, scale))
                if not as_json or len(names) > 1:
                    _show(found[-1], to_notes=as_json)
    except StopRequested:
        raise typer.Exit(130) from None
    if as_json:
        objects = [measured.to_json() for measured in found]
        print_json(objects[0] if name != _ALL else {"benchmarks": objects})
    raise typer.Exit(0 if all(measured.reached for measured in found) else 1)


def _show(found: figure.Figure, *, to_notes: bool) -> None:
    shown = found.to_json()
    console = NOTES if to_notes else RESULTS
    verdict = "reached" if found.reached else "NOT reached"
    console.print(
        f"{found.name}: {shown['figure']} {found.unit} (goal {found.goal}: {verdict})",
        markup=False,
        highlight=False,
    )
    if found.baseline is not None:
        console.print(
            f"  baseline {shown['baseline']}, ratio {shown['ratio']}: {found.baseline_is}",
            markup=False,
            highlight=False,
        )
    for key, value in found.conditions.items():
        console.print(f"  {key}: {value}", markup=False, highlight=False)


@contextmanager
def _progress(name: str) -> Iterator[figure.Progress]:
    """A bar on a terminal, a line every few seconds elsewhere."""
    if not NOTES.is_terminal:
        yield _Lines(name)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=NOTES, transient=True) as bars:
        task = bars.add_task(name)

        def show(step: str, done: float, total: float) -> None:
            bars.update(task, description=f"{name}: {step}", completed=done, total=total)

        yield show


class _Lines:
    def __init__(self, name: str) -> None:
        self._name = name
        self._last: tuple[str, float] = ("", 0.0)

    def __call__(self, step: str, done: float, total: float) -> None:
        now = time.monotonic()
        if step != self._last[0] or now - self._last[1] >= _LINE_EVERY_SECONDS:
            self._last = (step, now)
            line = f"· {self._name}: {step} ({done:.0f} of {total:.0f})"
            NOTES.print(line, markup=False, highlight=False)
