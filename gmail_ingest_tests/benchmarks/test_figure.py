"""What a benchmark answers."""

import json
import math

from gmail_ingest_lab.benchmarks.figure import Figure

KEYS = {"name", "figure", "unit", "goal", "reached", "baseline", "ratio", "conditions"}


def figure(value, baseline):
    return Figure("cpu", value, "ms", "<= 1", value <= 1, baseline, "a plain script", {"n": 7})


def test_figure_has_the_agreed_keys():
    """The JSON object has exactly the keys that readers of all benchmarks rely on."""
    found = json.loads(json.dumps(figure(0.5, 2.0).to_json()))
    assert set(found) == KEYS
    assert found["conditions"] == {"baseline": "a plain script", "n": 7}


def test_figure_ratio_is_figure_by_baseline():
    """The ratio is the figure divided by the baseline of the same run."""
    assert math.isclose(figure(0.5, 2.0).to_json()["ratio"], 0.25)


def test_figure_without_baseline_has_no_ratio():
    """Where there is nothing to compare with, the ratio is null and not a division by zero."""
    found = figure(0.5, None).to_json()
    assert (found["baseline"], found["ratio"]) == (None, None)
