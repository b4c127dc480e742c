"""Routes of exclusion rules: which stored mail the CRM does not see.

Holds: /api/tenants/{tenantId}/exclusion-rules. Keep out: what a rule hides
(``gmail_ingest.core.exclusions.matching``), SQL.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import AfterValidator

from gmail_ingest.core.exclusions.exclusion_rules import NAME_PATTERN, check_name
from gmail_ingest.errors import InvalidInputError
from webhook_api.base.bodies import TenantInPath
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.composition import Services
from webhook_api.exclusion_models import (
    DeletedBody,
    DryRunBody,
    PutBody,
    RuleBody,
    RuleInBody,
    RulesBody,
)


def _name(value: str) -> str:
    try:
        return check_name(value)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


Name = Annotated[
    str,
    Path(
        description="The CRM's own name of the rule, shown wherever a mail is explained.",
        examples=["newsletters"],
        json_schema_extra={"pattern": NAME_PATTERN},
    ),
    AfterValidator(_name),
]


def exclusion_rules_router(services: Services) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(
        prefix="/api/tenants/{tenantId}/exclusion-rules", tags=["exclusions"], responses=NOT_FOUND
    )
    rules = services.exclusion_rules

    async def connected(tenant_id: str) -> None:
        tenant = await services.reads.tenant(tenant_id)
        if tenant.state != "connected":
            raise HTTPException(409, "this tenant is disconnected: connect it first")

    @router.get("", summary="List rules")
    async def page(tenant_id: TenantInPath) -> RulesBody:
        """A tenant's rules by name: of several that fit a mail, the first is named."""
        await services.reads.tenant(tenant_id)
        found = await rules.all(tenant_id)
        return RulesBody(
            rules=[RuleBody.of(rule) for rule in found.rules],
            undecided_mailboxes=found.undecided_mailboxes,
        )

    @router.post("/dry-run", summary="Count what a rule would hide")
    async def dry_run(tenant_id: TenantInPath, body: RuleInBody) -> DryRunBody:
        """Hold stored mail against a rule without making it, enabled or not.

        All stored mail is read: allow a minute for a million mails.
        """
        await services.reads.tenant(tenant_id)
        found = await rules.dry_run(tenant_id, body.rule("dry-run"))
        return DryRunBody.model_validate(found)

    @router.get("/{name}", summary="Read a rule")
    async def read(tenant_id: TenantInPath, name: Name) -> RuleBody:
        """One rule."""
        return RuleBody.of(await rules.one(tenant_id, name))

    @router.put("/{name}", status_code=202, summary="Make or change a rule", responses=CONFLICT)
    async def put(tenant_id: TenantInPath, name: Name, body: RuleInBody) -> PutBody:
        """Hide mail from lists, searches, threads and counts. It stays stored, so that nothing is
        fetched when the rule ends.

        New mail follows the rule at once, stored mail when the job is done. A rule that is put as
        it stands changes nothing; one with `enabled: false` hides nothing.
        """
        await connected(tenant_id)
        job_id = await rules.put(tenant_id, body.rule(name))
        return PutBody(rule=RuleBody.of(await rules.one(tenant_id, name)), job_id=job_id)

    @router.delete("/{name}", status_code=202, summary="Delete a rule", responses=CONFLICT)
    async def delete(tenant_id: TenantInPath, name: Name) -> DeletedBody:
        """What it hid is shown again when the job is done, unless another rule hides it."""
        await connected(tenant_id)
        return DeletedBody(job_id=await rules.delete(tenant_id, name))

    return router
