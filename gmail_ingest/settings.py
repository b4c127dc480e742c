"""Every setting, read from the environment once, where a process starts.

Holds: one pydantic-settings class. Add here: a setting with its unit and default; ``.env.example``
and the reference in docs are held equal to this class by a test.
Keep out: reading of the environment at import (importing this module reads nothing).
"""

from __future__ import annotations

from datetime import date

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _named(name: str) -> AliasChoices:
    return AliasChoices(name)


class Settings(BaseSettings):
    """Settings of all processes. Names without a prefix are those that Google's users know."""

    model_config = SettingsConfigDict(
        env_prefix="GMAIL_INGEST_", env_file=".env", extra="ignore", populate_by_name=True
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
        description="Full topic name projects/P/topics/T that mailboxes are watched with. "
        "Empty: no watch, mail is found by polling.",
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
        description="32 bytes in base64, optionally versioned and several for rotation: "
        "'2:base64,1:base64', newest first. This or ENCRYPTION_KEY_SECRET, never both.",
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
        description="Where the Gmail API is; the sandbox's address for a local Google.",
    )
    google_token_uri: str = Field(
        "https://oauth2.googleapis.com/token",
        validation_alias=_named("GOOGLE_TOKEN_URI"),
        description="Where tokens are issued.",
    )
    google_revoke_uri: str = Field(
        "https://oauth2.googleapis.com/revoke",
        validation_alias=_named("GOOGLE_REVOKE_URI"),
        description="Where grants are revoked.",
    )
    google_certs_uri: str = Field(
        "https://www.googleapis.com/oauth2/v1/certs",
        validation_alias=_named("GOOGLE_CERTS_URI"),
        description="Certificates of Google's token signers (kid to PEM).",
    )
    initial_sync_days: int = Field(
        30, ge=1, description="Days of mail that the initial sync lists, back from connecting."
    )
    history_start: date = Field(
        date(2004, 4, 1),
        description="The first month (its first day) that historical syncs can reach: where "
        "Dagster's partitions of months begin. Gmail began on 2004-04-01.",
    )
    sensor_interval_seconds: int = Field(
        1, ge=1, description="Seconds between looks of the sync_queue_sensor at the queue."
    )
    max_tenant_runs: int = Field(
        4, ge=1, description="Runs of one tenant's partition that the sensor keeps alive at once."
    )
    sensor_wait_seconds: float = Field(
        4.0,
        ge=0,
        le=30,
        description="Seconds that a tick of the sync_queue_sensor waits for something to come, so "
        "that a push need not wait for the next tick.",
    )
    drain_flow: int = Field(
        3,
        ge=1,
        description="Tenant runs started within a minute from which on the sensor starts a drain "
        "run instead.",
    )
    drain_runs: int = Field(2, ge=1, description="Drain runs alive at once.")
    tenants_per_drain: int = Field(
        500, ge=1, description="Waiting tenants for each of which another drain run is started."
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
        description="Units a day (Pacific time) after which only live mail is fetched.",
    )
    live_reserve: float = Field(
        0.02,
        gt=0,
        lt=0.9,
        description="Share of a minute's units that history leaves to live mail.",
    )
    poll_interval_seconds: int = Field(
        600, ge=10, description="Seconds after which a mailbox without a sync is polled."
    )
    look_again_seconds: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Seconds after a sync that found something until the mailbox is looked at once "
        "more (2 units), and again while that finds something: Google drops notifications beyond "
        "one a second for each mailbox. 0: no second look; such mail waits for the next push or "
        "poll.",
    )
    verify_days: int = Field(
        30, ge=1, description="Days before today that the nightly verification compares with Gmail."
    )
    lease_seconds: int = Field(60, ge=5, description="Life of a lease or claim without heartbeat.")
    mailboxes_at_once: int = Field(
        200, ge=1, description="Mailboxes that one process syncs side by side."
    )
    calls_per_mailbox: int = Field(
        4, ge=1, le=10, description="Gmail calls in flight for one mailbox of one process."
    )
    request_timeout_seconds: float = Field(
        60.0, gt=0, description="Seconds until a silent Google call is given up."
    )
    max_attempts: int = Field(
        8, ge=1, description="Attempts for one message until it is dead-lettered."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field(
        "auto", pattern="^(auto|json|console)$", description="auto: JSON outside a terminal."
    )
