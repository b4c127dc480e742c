"""Admin calls that concern the whole of the local Google, not one mailbox.

Holds: clock, counters, limits, forms, faults, Pub/Sub, certificates, service accounts, health.
Add here: a route of that kind. Keep out: mailboxes (``mailbox_routes``).
Source: docs/sandbox.md#pubsub-certificates-service-accounts, #clock-quota-counters, #faults.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gmail_sandbox.admin.call import AdminCall, AdminError, AdminHandler
from gmail_sandbox.faults import FaultRule
from gmail_sandbox.forms import Forms
from gmail_sandbox.push.delivery import PushSubscription
from gmail_sandbox.settings import Limits
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.http_messages import Response, json_response
from gmail_sandbox.wire.wire_model import WireModel

Ceiling = Annotated[int | None, Field(ge=0)]


class ClockMove(WireModel):
    """Seconds by which to move the clock."""

    advance: float


class LimitsChange(WireModel):
    """Limits to set; ``null`` switches one off, an absent one stays."""

    user_per_minute: Ceiling = None
    project_per_minute: Ceiling = None
    project_per_day: Ceiling = None
    concurrent_per_user: Ceiling = None
    prices: dict[str, Annotated[int, Field(ge=0)]] | None = None


class Subscription(PushSubscription):
    """A push subscription; the topic is that of the sandbox unless given."""

    topic: str = ""


class TopicGrant(WireModel):
    """Whether Gmail may publish to a topic."""

    topic: str
    granted: bool = True


class Rotation(WireModel):
    """``retire`` also takes the earlier keys out of the published certificates."""

    retire: bool = False


class NewServiceAccount(WireModel):
    """A service account and what an administrator delegated to it; no scopes means all."""

    email: str
    domains: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


def google_routes(state: SandboxState) -> dict[str, AdminHandler]:
    """Return verb and path → what answers it."""
    calls = GoogleAdmin(state)
    return {
        "GET health": calls.health,
        "GET clock": calls.clock,
        "POST clock": calls.move_clock,
        "GET counters": calls.counters,
        "POST counters/reset": calls.reset_counters,
        "GET limits": calls.limits,
        "POST limits": calls.set_limits,
        "GET forms": calls.forms,
        "POST forms": calls.set_forms,
        "GET faults": calls.faults,
        "POST faults": calls.add_fault,
        "DELETE faults": calls.remove_faults,
        "DELETE faults/{id}": calls.remove_fault,
        "GET pubsub/subscription": calls.subscriptions,
        "POST pubsub/subscription": calls.subscribe,
        "DELETE pubsub/subscription/{name}": calls.unsubscribe,
        "POST pubsub/topics": calls.grant_topic,
        "POST certs/rotate": calls.rotate,
        "POST service-accounts": calls.add_service_account,
    }


class GoogleAdmin:
    """The calls, over the state of one sandbox."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def health(self, _call: AdminCall) -> Response:
        """Answer that the sandbox runs, and how many mailboxes it has."""
        return json_response({"status": "ok", "mailboxes": len(self._state.accounts)})

    def clock(self, _call: AdminCall) -> Response:
        """Answer the sandbox's time."""
        return json_response({"now": self._state.clock.now()})

    def move_clock(self, call: AdminCall) -> Response:
        """Move the clock, and answer the new time."""
        self._state.clock.advance(call.read(ClockMove).advance)
        return self.clock(call)

    def counters(self, _call: AdminCall) -> Response:
        """Answer all counts."""
        report = self._state.counters.report()
        report["pushes"]["outstanding"] = self._state.push.outstanding
        return json_response(report)

    def reset_counters(self, call: AdminCall) -> Response:
        """Reset the counts; quota already spent stays spent."""
        self._state.counters.reset()
        return self.counters(call)

    def limits(self, _call: AdminCall) -> Response:
        """Answer the limits."""
        return json_response(_shown(self._state.quota.limits))

    def set_limits(self, call: AdminCall) -> Response:
        """Change the limits that are given, and forget what was spent."""
        change = call.read(LimitsChange)
        limits = self._state.quota.limits
        for name in change.model_fields_set - {"prices"}:
            setattr(limits, name, getattr(change, name))
        limits.prices.update(change.prices or {})
        self._state.quota.forget()
        return self.limits(call)

    def forms(self, _call: AdminCall) -> Response:
        """Answer the forms of what is not known of Gmail."""
        return json_response(self._state.forms.current.model_dump(by_alias=True))

    def set_forms(self, call: AdminCall) -> Response:
        """Change the forms that are given, for mail that arrives from now on."""
        self._state.forms.change(call.read(Forms))
        return self.forms(call)

    def faults(self, _call: AdminCall) -> Response:
        """Answer the rules in force with their counts."""
        return json_response({"faults": [armed.report() for armed in self._state.faults.rules()]})

    def add_fault(self, call: AdminCall) -> Response:
        """Put a rule in force."""
        return json_response(self._state.faults.add(call.read(FaultRule)).report(), 201)

    def remove_faults(self, _call: AdminCall) -> Response:
        """Remove all rules."""
        return json_response({"removed": self._state.faults.remove()})

    def remove_fault(self, call: AdminCall) -> Response:
        """Remove one rule."""
        if not self._state.faults.remove(call.names["id"]):
            raise AdminError(404, "no such fault")
        return json_response({"removed": 1})

    def subscriptions(self, _call: AdminCall) -> Response:
        """Answer the push subscriptions."""
        shown = [one.model_dump(by_alias=True) for one in self._state.push.subscriptions()]
        return json_response({"subscriptions": shown})

    def subscribe(self, call: AdminCall) -> Response:
        """Add or replace a push subscription; Gmail may publish to its topic from now on."""
        given = call.read(Subscription)
        topic = given.topic or self._state.settings.watch_topic
        subscription = given.model_copy(update={"topic": topic})
        self._state.watches.granted_topics.add(subscription.topic)
        name = self._state.push.subscribe(subscription)
        return json_response({"name": name, "topic": subscription.topic}, 201)

    def unsubscribe(self, call: AdminCall) -> Response:
        """Remove a push subscription."""
        if not self._state.push.unsubscribe(call.names["name"]):
            raise AdminError(404, "no such subscription")
        return json_response({"removed": 1})

    def grant_topic(self, call: AdminCall) -> Response:
        """Allow or forbid Gmail to publish to a topic."""
        change = call.read(TopicGrant)
        topics = self._state.watches.granted_topics
        (topics.add if change.granted else topics.discard)(change.topic)
        return json_response({"topics": sorted(topics)})

    def rotate(self, call: AdminCall) -> Response:
        """Sign with a new key from now on."""
        name = self._state.keys.rotate(retire=call.read(Rotation).retire)
        return json_response({"kid": name, "published": list(self._state.keys.certificates())})

    def add_service_account(self, call: AdminCall) -> Response:
        """Make a service account, and answer its key file."""
        given = call.read(NewServiceAccount)
        account = self._state.service_accounts.register(
            given.email,
            domains=frozenset(domain.lower() for domain in given.domains),
            subjects=frozenset(subject.lower() for subject in given.subjects),
            scopes=given.scopes,
        )
        project = self._state.settings.project_id
        return json_response(
            account.key_file(project_id=project, base_url=self._state.base_url), 201
        )


def _shown(limits: Limits) -> dict[str, object]:
    return {
        "userPerMinute": limits.user_per_minute,
        "projectPerMinute": limits.project_per_minute,
        "projectPerDay": limits.project_per_day,
        "concurrentPerUser": limits.concurrent_per_user,
        "prices": limits.prices,
    }
