"""Bodies of backfills: the range that is asked for, and what it would cost.

Holds: request and response models. Keep out: routes, prices.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from gmail_ingest.sync.backfill.backfill_price import BackfillPrice
from webhook_api.base.bodies import Model, Queued, to_utc


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a time in ISO 8601 with its zone, as 2025-06-30T12:00:00Z")  # noqa: TRY004 - a TypeError is no validation error
    return value


#: A number could be seconds or milliseconds, a time without a zone anybody's.
ZonedTime = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(to_utc)]


class HistoricalRequest(Model):
    """A range of time, half-open: ``startDate`` <= a message's internal date < ``endDate``."""

    start_date: ZonedTime = Field(examples=["2024-01-01T00:00:00Z"])
    end_date: ZonedTime = Field(
        description="The first moment that is not in the range: 2025-01-01T00:00:00Z for all of "
        "2024.",
        examples=["2025-01-01T00:00:00Z"],
    )


class HistoricalQueued(Queued):
    """A backfill was asked for; if just this range is under way, it is that job."""


class MonthPriceBody(Model):
    """One month of the tenant's mailboxes."""

    month: str = Field(examples=["2024-01"])
    messages: int = Field(description="Messages that Gmail lists.")
    to_fetch: int = Field(description="Those that are not stored or decided about already.")
    units: int = Field(description="Quota units of listing and fetching them.")


class HistoricalPriceBody(Model):
    """What a backfill would fetch and cost. Nothing was started or written."""

    tenant_id: str
    start_date: datetime
    end_date: datetime
    messages: int
    to_fetch: int
    units: int = Field(description="Gmail quota units that the sync would take.")
    estimated_seconds: float | None = Field(
        description="At the budgets of mailboxes and project, with the daily allowance; null if "
        "nothing is limited."
    )
    dry_run_units: int = Field(description="Gmail quota units that this answer took.")
    left_out: list[str] = Field(description="Why mailboxes are not in it, one each.")
    months: list[MonthPriceBody]


def price_body(
    tenant_id: str, body: HistoricalRequest, price: BackfillPrice
) -> HistoricalPriceBody:
    """A price as the API shows it, the oldest month first."""
    return HistoricalPriceBody(
        tenant_id=tenant_id,
        start_date=body.start_date,
        end_date=body.end_date,
        messages=price.listed,
        to_fetch=price.wanted,
        units=price.units,
        estimated_seconds=None if price.seconds is None else round(price.seconds, 1),
        dry_run_units=price.spent,
        left_out=list(price.left_out),
        months=[
            MonthPriceBody(
                month=f"{month.month:%Y-%m}",
                messages=month.listed,
                to_fetch=month.wanted,
                units=month.units,
            )
            for month in price.months
        ],
    )
