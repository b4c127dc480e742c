"""The code location with sensors that wait for nothing, for a daemon in the tests' own process."""

import dagster as dg

from gmail_ingest.definitions import defs as full
from gmail_ingest.defs.live_sync.queue_sensor import NAME, build_sync_queue_sensor
from gmail_ingest.settings import Settings

_others = [sensor for sensor in full.sensors or () if sensor.name != NAME]
_quick = Settings(_env_file=None, sensor_wait_seconds=0.0, drain_flow=1_000_000)  # type: ignore[call-arg]  # pydantic's own
defs = dg.Definitions(
    assets=full.assets,
    jobs=full.jobs,
    sensors=[build_sync_queue_sensor(_quick), *_others],
    resources=full.resources,
    executor=full.executor,
)
