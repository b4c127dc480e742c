"""The sidecar's app: routes, gate, errors and documentation, put together.

Holds: ``create_app``. Add here: a router. Keep out: what routes do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline

from gmail_ingest.adapters.postgres.schema.schema_state import SchemaState
from gmail_ingest.settings import Settings
from gmail_ingest.wiring.stores import build_stores
from gmail_ingest.wiring.use_cases import UseCases, build_gmail
from webhook_api.base.auth import DOCS_ASSETS, ApiKeyGate, KeyRegister
from webhook_api.base.openapi import API_KEY, BEARER, COMMON, DESCRIPTION, TAGS, add_problem_schema
from webhook_api.base.problems import LastResort, add_problem_handlers
from webhook_api.base.strictness import RefuseUnknown
from webhook_api.emails.routes import emails_router
from webhook_api.emails.why import why_router
from webhook_api.exclusion_rules import exclusion_rules_router
from webhook_api.health import health_router
from webhook_api.integrations.routes import integrations_router
from webhook_api.push.certificates import CertificateCache, google_certificates
from webhook_api.push.routes import PushReceiver, push_router
from webhook_api.sync.backfills import backfill_router
from webhook_api.sync.coverage import coverage_router
from webhook_api.sync.dead_letters import dead_letters_router
from webhook_api.sync.removals import removals_router
from webhook_api.sync.routes import sync_router


def create_app(settings: Settings) -> FastAPI:
    """Build the app.

    Raises:
        ConfigurationError: a setting without which it must not start is missing or wrong.
    """
    stores = build_stores(settings)
    # Without a key of the credentials nothing starts (docs/promises.md#promise-7).
    use_cases = UseCases(stores, build_gmail(settings, stores.credentials))
    app: FastAPI = FastAPIOffline(
        title="gmail-ingest",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        redoc_url=None,
        static_url=DOCS_ASSETS,
        lifespan=_lifespan(use_cases),
        dependencies=[Depends(RefuseUnknown())],
    )
    _add_routes(app, use_cases)
    add_problem_handlers(app)
    # What is added last runs first: the last resort, then the gate, then the app.
    app.add_middleware(ApiKeyGate, register=KeyRegister(use_cases.stores.api_keys.active_hashes))
    app.add_middleware(LastResort)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        return add_problem_schema(generate())

    # FastAPI's documented way of changing the document.
    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI, use_cases: UseCases) -> None:
    settings = use_cases.stores.settings
    certificates = CertificateCache(google_certificates(settings.google_certs_uri))
    app.include_router(push_router(PushReceiver(settings, certificates, use_cases.stores.pushes)))
    app.include_router(health_router(SchemaState(use_cases.stores.engine)))
    for router in (
        integrations_router,
        sync_router,
        backfill_router,
        coverage_router,
        dead_letters_router,
        removals_router,
        why_router,
        emails_router,
        exclusion_rules_router,
    ):
        app.include_router(
            router(use_cases), dependencies=[Depends(API_KEY), Depends(BEARER)], responses=COMMON
        )


def _lifespan(use_cases: UseCases) -> Any:  # noqa: ANN401 - FastAPI's own type is private
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await use_cases.gmail.aclose()
        await use_cases.stores.aclose()

    return lifespan
