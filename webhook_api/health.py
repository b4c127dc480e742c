"""Routes for load balancers.

Holds: /healthz and /readyz. Keep out: anything that tells more than that.
The encryption key is not checked here: without a valid one the process does not start.
"""

from __future__ import annotations

import asyncio

import structlog
from fastapi import APIRouter, Response

from gmail_ingest.adapters.postgres.schema.schema_state import SchemaState
from webhook_api.base.bodies import Model
from webhook_api.base.openapi import UNAVAILABLE, WRONG
from webhook_api.base.problems import unavailable

log = structlog.get_logger(__name__)

#: Seconds: probes of Kubernetes and Cloud Run give up soon.
PROBE_TIMEOUT = 3.0


class Health(Model):
    """All is well."""

    status: str = "ok"


def health_router(schema: SchemaState) -> APIRouter:
    """The routes; ``schema`` asks the database."""
    router = APIRouter(tags=["health"], responses=WRONG)

    @router.get("/healthz", summary="Is the process alive?")
    async def alive() -> Health:
        """Answers as long as the process serves; asks nobody else."""
        return Health()

    @router.get("/readyz", summary="Can it serve?", response_model=Health, responses=UNAVAILABLE)
    async def ready() -> Health | Response:
        """The database answers and is migrated."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                migrated = await schema.is_migrated()
        except TimeoutError:
            log.warning("not_ready", seconds=PROBE_TIMEOUT)
            return unavailable("the database does not answer")
        if not migrated:
            return unavailable("the database is not migrated: run `gmail-ingest db upgrade`")
        return Health()

    return router
