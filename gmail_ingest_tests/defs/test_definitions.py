import importlib
import json
import pkgutil
import subprocess
import sys

import dagster as dg

import gmail_ingest.defs
from gmail_ingest.definitions import defs
from gmail_ingest.defs.live_sync.emails import emails
from gmail_ingest.defs.resources import build_resources

_LOAD = """
import json
import dagster as dg
from gmail_ingest.definitions import defs
from gmail_ingest.defs.live_sync.emails import emails
dg.Definitions.validate_loadable(defs)
repository = defs.get_repository_def()
print(json.dumps({
    "assets": sorted(key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()),
    "jobs": sorted(repository.job_names),
    "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
}))
"""


def test_location_loads_without_any_environment(tmp_path):
    """A code location without a setting loads, and names what it holds."""
    found = subprocess.run(
        [sys.executable, "-c", _LOAD], env={}, cwd=tmp_path, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    held = {name: set(names) for name, names in json.loads(found.stdout).items()}
    assert held["assets"] >= {"gmail/emails"}
    assert held["jobs"] >= {"drain_job", "emails_job", "watch_renewal_job"}
    assert held["sensors"] >= {"sync_queue_sensor"}
    assert held["schedules"] >= {"watch_renewal_schedule", "retention_schedule"}


def sensors_of_the_room() -> set[str]:
    """Names of the sensors that modules of ``defs`` hold, or build."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(gmail_ingest.defs.__path__, "gmail_ingest.defs.")
    ]
    held = {
        value.name
        for module in modules
        for value in vars(module).values()
        if isinstance(value, dg.SensorDefinition)
    }
    built = {
        name.removeprefix("build_")
        for module in modules
        for name in vars(module)
        if name.startswith("build_") and name.endswith("_sensor")
    }
    return held | built


def test_every_sensor_of_the_room_is_in_the_location():
    """A sensor that nobody named in ``definitions.py`` would never run."""
    named = {sensor.name for sensor in defs.sensors or ()}
    assert len(named) >= 4
    assert sensors_of_the_room() == named


def test_sensor_and_schedule_run_by_themselves():
    """Nobody has to switch anything on after a deployment."""
    names = {sensor.name for sensor in defs.sensors or ()}
    assert names >= {"dead_run_sensor", "sync_queue_sensor"}
    for name in names:
        assert defs.resolve_sensor_def(name).default_status == dg.DefaultSensorStatus.RUNNING
    schedule = defs.resolve_schedule_def("watch_renewal_schedule")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_watches_are_renewed_several_times_a_day():
    """Google lets a watch live seven days; a failed renewal has more tries on the same day
    (edge case 24).
    """
    schedule = defs.resolve_schedule_def("watch_renewal_schedule")
    assert schedule.cron_schedule == "17 */6 * * *"
    assert schedule.job_name == "watch_renewal_job"


def test_run_without_a_database_says_what_is_missing(instance):
    """A run that lacks a setting names it: nothing starts half-configured (promise 7)."""
    result = dg.materialize(
        [emails],
        partition_key="acme",
        instance=instance,
        resources=defs.resources,
        raise_on_error=False,
    )
    assert not result.success
    (failure,) = result.get_step_failure_events()
    assert "DATABASE_URL is not set" in str(failure.step_failure_data.error)


def test_run_without_an_encryption_key_says_what_is_missing(instance, database_url, monkeypatch):
    """No encryption key, no sync (promise 7)."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    result = dg.materialize(
        [emails],
        partition_key="acme",
        instance=instance,
        resources=build_resources(),
        raise_on_error=False,
    )
    (failure,) = result.get_step_failure_events()
    assert "ENCRYPTION_KEY" in str(failure.step_failure_data.error)
