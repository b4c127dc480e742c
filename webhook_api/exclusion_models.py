"""Bodies of exclusion rules.

Holds: rules, and what a dry run says. Keep out: routes, what is allowed beyond types
(``gmail_ingest.core.exclusions.exclusion_rules``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from gmail_ingest.adapters.postgres.exclusions.exclusion_rules import RuleStatus
from gmail_ingest.core.exclusions.exclusion_rules import (
    MAX_ENTRIES,
    Category,
    Criteria,
    ExclusionRule,
    SenderKind,
)
from webhook_api.base.bodies import Model, Text

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
