"""The look at the queue that the sync_queue_sensor takes: what waits.

Holds: ``look_at_queue``. Add here: another question of the sensor's to the queue.
Keep out: Dagster's objects, what the sensor then starts (``queue_sensor.py``).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from gmail_ingest.settings import Settings
from gmail_ingest.wiring.stores import Stores

#: Seconds until the queue is asked again: a row whose pause has passed is not notified of.
ASK_EVERY = 1.0
#: Seconds after which a few pushes are looked at again: the first of a thousand look like a few,
#: each run that is started for one costs 4 CPU seconds, and drains would start five seconds later.
MAY_BE_A_BURST = 0.25


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """What the sensor saw: rows that wait, drains that live, tenants that are connected."""

    waiting: int
    drains: int
    connected: frozenset[str]


async def look_at_queue(
    stores: Stores,
    settings: Settings,
    *,
    known: Collection[str],
    sweep: bool,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> QueueSnapshot:
    """Ask for what nobody pushed, then wait a little until there is something to do.

    Args:
        stores: of the mail's database.
        settings: how long to wait, and what is due for a poll.
        known: the tenants that are partitions already.
        sweep: whether to look for mailboxes that nobody pushed for.
        pause: passes the seconds until a few are looked at again.
    """
    queue, tenants = stores.queue, stores.tenants
    if sweep:
        await queue.sweep(timedelta(seconds=settings.poll_interval_seconds))
    ends = time.monotonic() + settings.sensor_wait_seconds
    async with stores.listen() as channel:
        while True:
            waiting = (await queue.waiting()).waiting
            connected = frozenset(await tenants.connected())
            left = ends - time.monotonic()
            if waiting or connected != set(known) or left <= 0:
                drains = await stores.drains.alive()
                if 0 < waiting <= settings.max_tenant_runs and not drains:
                    await pause(MAY_BE_A_BURST)
                    waiting = (await queue.waiting()).waiting
                return QueueSnapshot(waiting, drains, connected)
            await channel.wait(min(left, ASK_EVERY))
