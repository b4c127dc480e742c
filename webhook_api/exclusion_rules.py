"""Exclusion rules of a tenant: which stored mail the CRM does not see.

Holds: /api/tenants/{tenantId}/exclusion-rules, its routes and bodies. Keep out: which values a rule
may have (``gmail_ingest.core.exclusions.exclusion_rules``), what it hides (``matching`` beside it),
SQL.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field

from gmail_ingest.adapters.postgres.exclusions.stored_rules import RuleStatus
from gmail_ingest.core.exclusions.exclusion_rules import (
    MAX_ENTRIES,
    NAME_PATTERN,
    Category,
    Criteria,
    ExclusionRule,
    SenderKind,
    check_name,
)
from gmail_ingest.errors import InvalidInputError
from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Model, TenantInPath, Text
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.sync.reachable import require_connected

Entries = Annotated[list[Text], Field(max_length=MAX_ENTRIES)]


class CriteriaBody(Model):
    """What a rule hides: mail that any of these fits."""

    addresses: Entries = Field(
        [],
        description="Mail that names one of these in any role; the mailbox's owner aside.",
        examples=[["spammer@shop.example"]],
    )
    domains: Entries = Field(
        [],
        description="The same for all addresses of a domain and its subdomains.",
        examples=[["shop.example"]],
    )
    internal_addresses: Entries = Field(
        [],
        description="With `internalDomains`: mail that names nobody but these and the owner.",
    )
    internal_domains: Entries = Field([], examples=[["acme.example"]])
    categories: list[Category] = Field([], description="Mail in one of these Gmail categories.")
    labels: Entries = Field(
        [],
        description="Mail with one of these Gmail label ids; those of users (`Label_…`) need "
        "`mailbox`.",
    )
    senders: list[SenderKind] = Field(
        [],
        description="Mail of senders that are no person: `no_reply` by the address of From; "
        "`bounce`, `list` and `auto_reply` as the flags of a mail say.",
    )


class RuleInBody(CriteriaBody):
    """A rule as it is put."""

    mailbox: Text | None = Field(None, description="Address of the one mailbox that it is for.")
    enabled: bool = True

    def rule(self, name: str) -> ExclusionRule:
        """The rule of this name."""
        criteria = {field: tuple(getattr(self, field)) for field in CriteriaBody.model_fields}
        return ExclusionRule(name, Criteria(**criteria), self.mailbox, self.enabled)


class RuleBody(RuleInBody):
    """A rule as it stands."""

    name: str
    updated_at: datetime
    hidden_mails: int = Field(description="Stored mails that it hides now.")

    @staticmethod
    def of(status: RuleStatus) -> RuleBody:
        """A rule as JSON."""
        criteria = {
            field: list(getattr(status.rule.criteria, field)) for field in CriteriaBody.model_fields
        }
        return RuleBody(
            name=status.rule.name,
            mailbox=status.rule.mailbox,
            enabled=status.rule.enabled,
            updated_at=status.updated_at,
            hidden_mails=status.hidden_mails,
            **criteria,
        )


class RulesBody(Model):
    """A tenant's rules, in the order in which a mail's rule is looked for."""

    rules: list[RuleBody]
    undecided_mailboxes: int = Field(
        description="Mailboxes with stored mail to which a change of the rules has not come yet."
    )


class PutBody(Model):
    """A rule that was put."""

    rule: RuleBody
    job_id: UUID | None = Field(
        description="The job that holds stored mail against it; null if there is nothing to do."
    )


class DeletedBody(Model):
    """What deleting a rule sets off."""

    job_id: UUID | None = Field(
        description="The job that shows what it hid; null if there is nothing to do."
    )


class MailboxMatchesBody(Model):
    """How many stored mails of a mailbox a rule fits."""

    mailbox: str
    mails: int


class SampleBody(Model):
    """A mail that is shown now and that the rule would hide."""

    gmail_id: str
    mailbox: str
    date: datetime
    sender: str | None
    subject: str


class DryRunBody(Model):
    """What a rule would hide."""

    total: int = Field(description="Stored mails that the rule fits.")
    already_hidden: int = Field(description="How many of them are hidden by some rule now.")
    by_mailbox: list[MailboxMatchesBody]
    samples: list[SampleBody] = Field(description="The newest of those that are shown now.")


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


def exclusion_rules_router(use_cases: UseCases) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(
        prefix="/api/tenants/{tenantId}/exclusion-rules", tags=["exclusions"], responses=NOT_FOUND
    )
    rules = use_cases.stores.exclusion_rules

    @router.get("", summary="List rules")
    async def page(tenant_id: TenantInPath) -> RulesBody:
        """A tenant's rules by name: of several that fit a mail, the first is named."""
        await use_cases.stores.status.tenant(tenant_id)
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
        await use_cases.stores.status.tenant(tenant_id)
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
        require_connected(await use_cases.stores.status.tenant(tenant_id))
        job_id = await rules.put(tenant_id, body.rule(name))
        return PutBody(rule=RuleBody.of(await rules.one(tenant_id, name)), job_id=job_id)

    @router.delete("/{name}", status_code=202, summary="Delete a rule", responses=CONFLICT)
    async def delete(tenant_id: TenantInPath, name: Name) -> DeletedBody:
        """What it hid is shown again when the job is done, unless another rule hides it."""
        require_connected(await use_cases.stores.status.tenant(tenant_id))
        return DeletedBody(job_id=await rules.delete(tenant_id, name))

    return router
