"""All settings, read from the environment once when a process starts.

Holds: one pydantic-settings class, ``load_settings``, and the texts about wrong values.
Add here: a setting with its unit and default; a test compares ``.env.example`` and the reference in
docs with this class. Keep out: names that are no setting (``variables``); reading of the
environment at import (importing this module reads nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from gmail_ingest.core.quota.prices import parse_prices
from gmail_ingest.errors import ConfigurationError

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("auto", "json", "console")


def _named(name: str) -> AliasChoices:
    return AliasChoices(name)


class Settings(BaseSettings):
    """Settings of all processes. Names without a prefix are those that Google's users know."""

    model_config = SettingsConfigDict(
        env_prefix="GMAIL_INGEST_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        # A wrong value may be a secret under a wrong name.
        hide_input_in_errors=True,
    )

    database_url: str = Field(
        "",
        validation_alias=_named("DATABASE_URL"),
        description="PostgreSQL of the mail, e.g. postgresql+psycopg://user:password@host/db. "
        "Empty: `gmail-ingest up` starts an embedded PostgreSQL.",
    )
    google_client_id: str = Field(
        "", validation_alias=_named("GOOGLE_CLIENT_ID"), description="The OAuth client's id."
    )
    google_client_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("GOOGLE_CLIENT_SECRET"),
        description="The OAuth client's secret.",
    )
    google_cloud_project_id: str = Field(
        "",
        validation_alias=_named("GOOGLE_CLOUD_PROJECT_ID"),
        description="The Cloud project whose Gmail quota is used.",
    )
    pubsub_topic: str = Field(
        "",
        validation_alias=_named("PUBSUB_TOPIC"),
        description="Full name (projects/P/topics/T) of the Pub/Sub topic of the watches. Empty: "
        "no watches; mail is found by polling.",
    )
    pubsub_audience: str = Field(
        "",
        validation_alias=_named("PUBSUB_AUDIENCE"),
        description="The audience that push tokens must carry.",
    )
    pubsub_service_account: str = Field(
        "",
        validation_alias=_named("PUBSUB_SERVICE_ACCOUNT"),
        description="The service account that push tokens must be signed for.",
    )
    pubsub_verification_token: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("PUBSUB_VERIFICATION_TOKEN"),
        description="If set, pushes must also carry it as ?token=.",
    )
    encryption_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("ENCRYPTION_KEY"),
        description="32 bytes in base64. For rotation several, with versions, newest first: "
        "'2:base64,1:base64'. Set this or ENCRYPTION_KEY_SECRET, not both.",
    )
    encryption_key_secret: str = Field(
        "",
        validation_alias=_named("ENCRYPTION_KEY_SECRET"),
        description="A Secret Manager version that holds the key: "
        "projects/P/secrets/S/versions/N (pin the number).",
    )
    gmail_api_endpoint: str = Field(
        "https://gmail.googleapis.com",
        validation_alias=_named("GMAIL_API_ENDPOINT"),
        description="URL of the Gmail API; for a local Google, the sandbox's address.",
    )
    google_token_uri: str = Field(
        "https://oauth2.googleapis.com/token",
        validation_alias=_named("GOOGLE_TOKEN_URI"),
        description="URL at which tokens are issued.",
    )
    google_revoke_uri: str = Field(
        "https://oauth2.googleapis.com/revoke",
        validation_alias=_named("GOOGLE_REVOKE_URI"),
        description="URL at which grants are revoked.",
    )
    google_certs_uri: str = Field(
        "https://www.googleapis.com/oauth2/v1/certs",
        validation_alias=_named("GOOGLE_CERTS_URI"),
        description="Certificates of Google's token signers (kid to PEM).",
    )
    initial_sync_days: int = Field(
        30, ge=1, description="Days of mail before the connection that the initial sync lists."
    )
    backfill_start: date = Field(
        date(2004, 4, 1),
        description="First day of the first month that backfills can reach; Dagster's monthly "
        "partitions begin there. Gmail began on 2004-04-01.",
    )
    sensor_interval_seconds: int = Field(
        1, ge=1, description="Seconds between ticks of the sync_queue_sensor."
    )
    max_tenant_runs: int = Field(
        4,
        ge=1,
        description="Most tenant runs (a run for one tenant) that the sensor keeps alive at once.",
    )
    sensor_wait_seconds: float = Field(
        4.0,
        ge=0,
        le=30,
        description="Seconds that a tick of the sync_queue_sensor waits for a row of the queue, so "
        "that a push need not wait for the next tick.",
    )
    drain_flow: int = Field(
        3,
        ge=1,
        description="If the sensor has started so many tenant runs within a minute, it starts a "
        "drain run instead of the next.",
    )
    drain_runs: int = Field(2, ge=1, description="Drain runs alive at once.")
    tenants_per_drain: int = Field(
        500, ge=1, description="The sensor starts a drain run for each so many waiting tenants."
    )
    drain_linger_seconds: float = Field(
        300, ge=0, description="Seconds without work after which a drain run ends."
    )
    drain_max_age_seconds: float = Field(
        1800, ge=10, description="Age at which a drain run takes no more work and ends."
    )
    mailbox_units_per_minute: int = Field(
        6_000,
        ge=0,
        description="Gmail quota units that one mailbox may spend a minute: 'Queries per minute "
        "per user' of the Cloud project. 0 turns the limiter off.",
    )
    project_units_per_minute: int = Field(
        1_200_000,
        ge=0,
        description="Gmail quota units that all mailboxes may spend a minute. 0 turns the limiter "
        "off.",
    )
    project_units_per_day: int = Field(
        80_000_000,
        ge=0,
        description="Gmail quota units that the project may spend a day (Pacific time); beyond "
        "them only live mail is fetched.",
    )
    quota_prices: str = Field(
        "",
        description="Quota units of calls whose price differs from Google's list of May 2026: "
        "messages.get=5,threads.get=10 (docs/operation.md).",
    )
    live_reserve: float = Field(
        0.02,
        gt=0,
        lt=0.9,
        description="Share of a minute's units that listings and backfills leave to live mail.",
    )
    poll_interval_seconds: int = Field(
        600, ge=10, description="Seconds after which a mailbox without a sync is polled."
    )
    look_again_seconds: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Google drops notifications beyond one a second for each mailbox. So many "
        "seconds after a sync that a push asked for, or that found something, the mailbox is "
        "synced once more (2 units), and again while that finds something. 0: no second look; such "
        "mail waits for the next push or poll.",
    )
    verify_days: int = Field(
        30, ge=1, description="Days before today that the nightly verification compares with Gmail."
    )
    removal_share: float = Field(
        0.2,
        gt=0,
        le=1,
        description="Share of a mailbox's stored mail that may be removed within a day without "
        "asking, when Gmail no longer has it; more stays stored until a person agrees. "
        "1: nobody is ever asked.",
    )
    removal_floor: int = Field(
        20,
        ge=0,
        description="Removals a day that need no question, whatever share of a mailbox they are.",
    )
    lease_seconds: int = Field(
        60, ge=5, description="Seconds after which a lease or claim without a heartbeat ends."
    )
    mailboxes_at_once: int = Field(
        200, ge=1, description="Mailboxes that one process syncs side by side."
    )
    calls_per_mailbox: int = Field(
        4, ge=1, le=10, description="Gmail calls in flight for one mailbox of one process."
    )
    request_timeout_seconds: float = Field(
        60.0, gt=0, description="Seconds without progress after which a call to Google is given up."
    )
    max_attempts: int = Field(
        8, ge=1, description="Attempts for a message until it becomes a dead letter."
    )
    retention_event_days: int = Field(
        14,
        ge=0,
        description="Days that Dagster's events, ended runs and their logs are kept. The newest "
        "materialization and check of each partition are always kept. 0: for ever.",
    )
    retention_job_days: int = Field(
        30, ge=0, description="Days that ended jobs are kept and shown by the API. 0: for ever."
    )
    retention_usage_days: int = Field(
        90, ge=0, description="Days that the daily counts of quota units are kept. 0: for ever."
    )
    retention_coverage_days: int = Field(
        0,
        ge=0,
        description="Days that a day's coverage is kept after its last comparison; without it the "
        "day is not proven complete. 0: for ever.",
    )
    longest_transaction_seconds: int = Field(
        300,
        ge=1,
        description="`doctor` and `status` name a database transaction that is open for so many "
        "seconds: while it is open, no old version of a row is removed.",
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field(
        "auto", description="auto, json or console; auto: JSON outside a terminal."
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _known_level(cls, given: object) -> object:
        return _one_of(str(given).upper(), LOG_LEVELS)

    @field_validator("log_format", mode="before")
    @classmethod
    def _known_format(cls, given: object) -> object:
        return _one_of(str(given).lower(), LOG_FORMATS)

    @field_validator("quota_prices")
    @classmethod
    def _names_prices(cls, text: str) -> str:
        """Refuse a misspelt price, which would never be used."""
        parse_prices(text)
        return text


def load_settings() -> Settings:
    """The settings of this process, from its environment and ``.env``.

    Raises:
        ConfigurationError: names each variable with a wrong value, and what it must be.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError(explain(error)) from None
    except UnicodeDecodeError:
        raise ConfigurationError(".env is not UTF-8: save it as UTF-8") from None


def log_level_of(environment: Mapping[str, str], *, default: str) -> str:
    """The log level in an environment, for processes that need no other setting.

    Raises:
        ConfigurationError: the value is no level.
    """
    variable = variable_names()["log_level"]
    try:
        return _one_of(environment.get(variable, default).upper(), LOG_LEVELS)
    except ValueError as error:
        raise ConfigurationError(f"{variable} must be {error}") from None


def variable_name(name: str, field: FieldInfo) -> str:
    """The environment variable that a field of Settings is read from."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    prefix = Settings.model_config.get("env_prefix", "")
    return f"{prefix}{name}".upper()


def variable_names() -> dict[str, str]:
    """Each field of Settings with its environment variable."""
    return {name: variable_name(name, field) for name, field in Settings.model_fields.items()}


def explain(error: ValidationError) -> str:
    """Which variables are wrong, what each must be, and its default; never the given value."""
    names = variable_names()
    fields = {variable: field for field, variable in names.items()}
    sentences = []
    for detail in error.errors(include_input=False, include_url=False):
        place = str(detail["loc"][0]) if detail["loc"] else "the settings"
        variable = names.get(place, place)
        known = Settings.model_fields.get(fields.get(variable, ""))
        default = "" if known is None else str(known.default)
        rest = f" (without it: {default})" if default else ""
        sentences.append(f"{variable} must be {_wanted(detail)}{rest}")
    return "; ".join(sentences)


#: By pydantic's type of the error; the braces are filled from its context.
_WANTED: Mapping[str, str] = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a number of a sensible size",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "date_parsing": "a day, as 2004-04-01",
    "date_from_datetime_parsing": "a day, as 2004-04-01",
    "date_from_datetime_inexact": "a day, as 2004-04-01",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "value_error": "{error}",
}


def _wanted(detail: Any) -> str:  # noqa: ANN401 - pydantic's dictionary of details
    words = _WANTED.get(detail["type"], "another value")
    return words.format(**detail.get("ctx", {}))


def _one_of(given: str, allowed: tuple[str, ...]) -> str:
    if given in allowed:
        return given
    near = get_close_matches(given, allowed, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"{', '.join(allowed[:-1])} or {allowed[-1]}{meant}")
