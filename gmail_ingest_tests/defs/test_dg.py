"""``dg``, Dagster's own tool for contributors, in this checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gmail_ingest.definitions import defs
from gmail_ingest.local.data_directory import PROJECT_ROOT

DG = Path(sys.executable).with_name("dg")


def dg(*arguments: str) -> str:
    """What ``dg`` prints, with no environment but the checkout's dagster.yaml (no telemetry)."""
    assert DG.exists(), "sh setup.sh test installs it"
    run = subprocess.run(
        [DG, *arguments],
        cwd=PROJECT_ROOT,
        env={"PATH": os.defpath, "HOME": "/nowhere", "DAGSTER_HOME": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_dg_checks_the_definitions():
    """``dg check defs`` loads the code location that pyproject.toml names, and finds no fault."""
    assert "All definitions loaded successfully." in dg("check", "defs")


def test_dg_lists_what_the_code_location_holds():
    """``dg list defs`` names the assets, jobs, sensors and schedules of the one Definitions."""
    listed = json.loads(dg("list", "defs", "--json"))
    repository = defs.get_repository_def()
    keys = repository.asset_graph.get_all_asset_keys()
    assert {asset["asset_key"] for asset in listed["assets"]} == {
        key.to_user_string() for key in keys
    }
    for kind, held in {
        "jobs": [job_name for job_name in repository.job_names if not job_name.startswith("__")],
        "sensors": [sensor.name for sensor in repository.sensor_defs],
        "schedules": [schedule.name for schedule in repository.schedule_defs],
    }.items():
        assert {definition["name"] for definition in listed[kind]} == set(held)
