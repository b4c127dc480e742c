"""How one sandbox is set up: its project, its OAuth client, its limits and its behaviour.

Holds: frozen ``SandboxSettings`` and the changeable ``Limits``. Add here: a choice that holds
for a whole sandbox. Keep out: choices for one call (``faults``) or one mailbox (``account/``).
Source: docs/google.md#limits, #prices, #dead-grants, #access-tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Units a call (docs/google.md#prices); one price a method, whatever its format or fields.
PRICES: dict[str, int] = {
    "gmail.users.messages.get": 20,
    "gmail.users.messages.attachments.get": 20,
    "gmail.users.threads.get": 40,
    "gmail.users.messages.list": 5,
    "gmail.users.threads.list": 10,
    "gmail.users.history.list": 2,
    "gmail.users.labels.list": 1,
    "gmail.users.labels.get": 1,
    "gmail.users.getProfile": 1,
    "gmail.users.settings.sendAs.list": 1,
    "gmail.users.watch": 100,
    "gmail.users.stop": 50,
}


@dataclass(slots=True)
class Limits:
    """What Google allows; ``None`` switches a limit off. Changed by ``POST /sandbox/limits``."""

    user_per_minute: int | None = 6_000
    project_per_minute: int | None = 1_200_000
    project_per_day: int | None = None
    concurrent_per_user: int | None = 10
    prices: dict[str, int] = field(default_factory=lambda: dict(PRICES))


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The set-up of one sandbox.

    Args:
        latency: seconds that every Google answer takes (admin answers take none).
        gzip: whether clients that ask for compression get it.
        pretty_print: whether JSON is indented unless ``prettyPrint=false``, as Google does.
        allow_paths: whether the admin API may read mbox files of this machine by path.
        access_token_seconds: life of an access token, on the sandbox's clock.
        rotate_refresh_tokens: whether a refresh answers with a new refresh token.
        certificates_max_age: seconds in the Cache-Control of the certificates.
        seed: makes every random choice of the sandbox repeatable.
    """

    host: str = "127.0.0.1"
    port: int = 0
    project_id: str = "sandbox-project"
    project_number: str = "677000000001"
    client_id: str = "sandbox.apps.googleusercontent.com"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - opens nothing but this sandbox
    topic: str = ""
    latency: float = 0.0
    gzip: bool = True
    pretty_print: bool = True
    allow_paths: bool = False
    access_token_seconds: int = 3_600
    rotate_refresh_tokens: bool = False
    certificates_max_age: int = 21_600
    seed: int = 0

    @property
    def watch_topic(self) -> str:
        """The topic that Gmail may publish to: the one given, or the project's ``gmail-push``."""
        return self.topic or f"projects/{self.project_id}/topics/gmail-push"
