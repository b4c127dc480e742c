"""What a benchmark answers: one figure, its goal, and the same figure of a plain baseline.

Holds: ``Figure``, ``Progress``, and how numbers are rounded. Add here: what every benchmark must
say. Keep out: how a figure is shown (``commands/bench.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Progress(Protocol):
    """Called with a benchmark's progress."""

    def __call__(self, step: str, done: float, total: float) -> None:
        """``step`` says what is being done; ``done`` of ``total``, in any one unit."""
        ...


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure.

    Args:
        name: of the benchmark.
        figure: what was measured, in ``unit``.
        unit: of ``figure`` and ``baseline``.
        goal: in words, all parts of it.
        reached: whether all parts of the goal are reached.
        baseline: the same figure of the plain way, from the same run; None if there is none.
        baseline_is: what the plain way is.
        conditions: on what it was measured, and further figures, by name.
    """

    name: str
    figure: float
    unit: str
    goal: str
    reached: bool
    baseline: float | None
    baseline_is: str
    conditions: Mapping[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """The figure divided by the baseline, which have the machine's noise in common."""
        return self.figure / self.baseline if self.baseline else None

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return {
            "name": self.name,
            "figure": _four_digits(self.figure),
            "unit": self.unit,
            "goal": self.goal,
            "reached": self.reached,
            "baseline": _four_digits(self.baseline),
            "ratio": _four_digits(self.ratio),
            "conditions": {"baseline": self.baseline_is, **self.conditions},
        }


def _four_digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def to_tenths(value: float | None) -> float | None:
    """A number among a figure's conditions, with one decimal."""
    return None if value is None else round(value, 1)
