"""What goes over the wire, in camelCase: the base of all bodies and the small shared ones.

Holds: ``Model``, problems, parameters. Keep out: the bodies of one resource (they are beside its
routes), and defaults of the use cases.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gmail_ingest.errors import InvalidInputError
from gmail_ingest.sync.accounts.registry import MAX_TENANT_ID, check_tenant_id

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Model(BaseModel):
    """A body: camelCase outside, unknown fields refused, readable from frozen dataclasses."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        from_attributes=True,
        extra="forbid",
        hide_input_in_errors=True,
    )


def _tenant_id(value: str) -> str:
    try:
        return check_tenant_id(value)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain U+0000")
    return value


def to_utc(value: datetime) -> datetime:
    """The time in UTC; one without a zone is taken as UTC. ValueError outside the calendar."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def _text(value: object) -> object:
    if not isinstance(value, str) or (
        value.strip().removeprefix("-").replace(".", "", 1).isdecimal()
    ):
        raise ValueError("must be a time in ISO 8601 with its zone, as 2025-06-30T12:00:00Z")
    return value


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a day, as 2024-01-31")
    return value


#: A tenant's id in a body.
TenantId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_TENANT_ID,
        description="The CRM's own id of its customer; also the Dagster partition.",
        examples=["tenant-123"],
    ),
    AfterValidator(_tenant_id),
]
#: Text that Postgres can compare.
Text = Annotated[str, Field(max_length=1000), AfterValidator(_storable)]
#: Numbers are refused: one could be a year, seconds or milliseconds.
Moment = Annotated[datetime, BeforeValidator(_text), AfterValidator(to_utc)]
#: A day of the calendar in UTC, in its one form.
Day = Annotated[date, BeforeValidator(_day)]

TenantInPath = Annotated[
    str, Path(alias="tenantId", max_length=MAX_TENANT_ID), AfterValidator(_storable)
]
TenantInQuery = Annotated[
    str,
    Query(alias="tenantId", min_length=1, max_length=MAX_TENANT_ID),
    AfterValidator(_storable),
]


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str
    mailbox: str | None = Field(
        None, description="The mailbox that Google refuses, where it is about one."
    )


class Problem(BaseModel):
    """An error (RFC 9457). Of what was sent it repeats names of fields, and addresses of mailboxes
    that Google refuses.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None
