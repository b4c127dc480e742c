"""Bodies of connecting and disconnecting.

Holds: request and response models, and how a request becomes the use case's values.
Keep out: routes, a tenant as it stands (``tenant.py``). Secrets are SecretStr, so that no repr and
no error shows them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, field_validator
from pydantic import model_validator as check_model

from gmail_ingest.sync.accounts.connect import WatchOutcome
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from webhook_api.base.bodies import Model, Moment, TenantId

#: Mailboxes of one request: each costs a call to Google while the caller waits.
MAX_MAILBOXES = 500
#: Characters; Google's tokens have at most 2,048 bytes.
MAX_TOKEN = 4096

#: The end of an access token that was not given, so that it is refreshed at once.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be printable ASCII without spaces")
    return value


Token = Annotated[SecretStr, Field(min_length=1, max_length=MAX_TOKEN), AfterValidator(_token)]


def _address(value: str) -> str:
    local, _, domain = value.partition("@")
    if not local or not domain or "@" in domain or any(map(str.isspace, value)):
        raise ValueError("must be one address, as support@company.com")
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    return value


Email = Annotated[
    str,
    StringConstraints(to_lower=True, strip_whitespace=True, max_length=320),
    AfterValidator(_address),
]


class OAuthKeysBody(Model):
    """A grant: the owner's consent, as the authorization code flow gives it."""

    access_token: Token | None = None
    refresh_token: Token = Field(description="From a consent with access_type=offline.")
    expires_at: Moment | None = Field(None, description="When the access token ends; default UTC.")

    def to_keys(self) -> OAuthKeys:
        """The use case's value."""
        token = self.access_token.get_secret_value() if self.access_token else ""
        return OAuthKeys(
            access_token=token,
            refresh_token=self.refresh_token.get_secret_value(),
            expires_at=self.expires_at if token else _LONG_AGO,
        )


class ServiceAccountKeysBody(Model):
    """A service account with domain-wide delegation, and whose mailboxes it reads."""

    service_account_email: Email | None = None
    service_account_key: dict[str, object] = Field(description="Google's JSON key file.")
    impersonated_user_email: Email | None = None
    impersonated_user_emails: list[Email] = Field(default=[], max_length=MAX_MAILBOXES)

    @check_model(mode="after")
    def _names_somebody(self) -> ServiceAccountKeysBody:
        if not self.addresses:
            raise ValueError("impersonatedUserEmail or impersonatedUserEmails is required")
        return self

    @property
    def addresses(self) -> dict[str, str]:
        """Whose mailboxes, each once, and the field that names it."""
        named = {
            address: f"keys.impersonatedUserEmails.{index}"
            for index, address in enumerate(self.impersonated_user_emails)
        }
        if self.impersonated_user_email:
            named.setdefault(self.impersonated_user_email, "keys.impersonatedUserEmail")
        return named


class OAuthConnect(Model):
    """Connect one mailbox by its owner's consent."""

    tenant_id: TenantId
    auth_type: Literal["oauth"]
    keys: OAuthKeysBody


class ServiceAccountConnect(Model):
    """Connect mailboxes of a Workspace domain."""

    tenant_id: TenantId
    auth_type: Literal["service_account"]
    keys: ServiceAccountKeysBody
    on_error: Literal["refuse", "skip"] = Field(
        "refuse",
        description="What is done if Google refuses some of the mailboxes: refuse them all, or "
        "connect the others.",
    )


ConnectBody = Annotated[OAuthConnect | ServiceAccountConnect, Field(discriminator="auth_type")]

CONNECT_EXAMPLES = {
    "oauth": {
        "summary": "One mailbox, by its owner's consent",
        "value": {
            "tenantId": "tenant-123",
            "authType": "oauth",
            "keys": {
                "accessToken": "ya29...",
                "refreshToken": "1//...",
                "expiresAt": "2024-01-01T00:00:00Z",
            },
        },
    },
    "service_account": {
        "summary": "Mailboxes of a Workspace domain",
        "value": {
            "tenantId": "tenant-123",
            "authType": "service_account",
            "keys": {
                "serviceAccountEmail": "sync@project.iam.gserviceaccount.com",
                "serviceAccountKey": {"type": "service_account", "client_email": "..."},
                "impersonatedUserEmails": ["support@company.com", "sales@company.com"],
            },
        },
    },
}


class ConnectedMailboxBody(Model):
    """A mailbox after connecting."""

    address: str
    state: str
    reconnected: bool = Field(description="True if its mail and checkpoint were kept.")
    watch: WatchOutcome = Field(
        description="Push notifications; failed: mail is found by polling, and it is tried again."
    )
    watch_expires_at: datetime | None
    watch_error: str | None
    former_address: str | None = Field(
        description="Set if the account was known under another address until now: same mailbox."
    )
    replaced_account: bool = Field(
        description="True if another account had this address: its mail stays, in a mailbox in "
        "state replaced, and this one begins anew."
    )


class FailedMailboxBody(Model):
    """A mailbox that was named and is not connected."""

    address: str
    field: str = Field(examples=["keys.impersonatedUserEmails.3"])
    reason: str


class ConnectedBody(Model):
    """Connected; the syncs are queued."""

    tenant_id: str
    auth_type: str
    mailboxes: list[ConnectedMailboxBody]
    job_id: UUID = Field(description="The initial sync.")
    incremental_job_id: UUID | None = Field(
        description="The catching up of mailboxes that were connected before."
    )
    untouched: list[str] = Field(
        description="The tenant's other mailboxes, which this request did not name: they stay "
        "connected, and are synced as before."
    )
    failed: list[FailedMailboxBody] = Field(
        description='Mailboxes that Google refused or did not answer for; with `onError: "skip"`.'
    )


class DisconnectedBody(Model):
    """What a disconnect did; watches and grants count what became of each."""

    tenant_id: str
    state: Literal["disconnected"] = "disconnected"
    mailboxes: int = Field(description="Mailboxes that were connected until now.")
    jobs_cancelled: int
    watches: dict[str, int] = Field(examples=[{"stopped": 1}])
    grants: dict[str, int] = Field(examples=[{"revoked": 1}])
    deleted: dict[str, int] | None = Field(description="Rows deleted by table, with deleteData.")
    complete: bool = Field(description="False: Google did not answer all of it; ask again.")

    @field_validator("watches", "grants", mode="before")
    @classmethod
    def _plain(cls, value: dict[str, int]) -> dict[str, int]:
        return dict(value)


class MailboxDisconnectedBody(Model):
    """What a disconnect of one mailbox did; watches and grants count what became of each."""

    tenant_id: str
    mailbox: str
    state: Literal["disconnected"] = "disconnected"
    tenant_state: Literal["connected", "disconnected"] = Field(
        description="disconnected with its last mailbox."
    )
    still_connected: list[str] = Field(description="The tenant's other mailboxes.")
    jobs_cancelled: int = Field(description="Syncs that had nothing else to do.")
    watches: dict[str, int] = Field(examples=[{"stopped": 1}])
    grants: dict[str, int] = Field(
        description="kept: other mailboxes of the tenant live on it; shared: another tenant does.",
        examples=[{"kept": 1}],
    )
    deleted: dict[str, int] | None = Field(description="Rows deleted by table, with deleteData.")
    complete: bool = Field(description="False: Google did not answer all of it; ask again.")
