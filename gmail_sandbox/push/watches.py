"""users.watch: which mailboxes notify of changes, and how often.

Holds: ``Watches``: beginning, renewing, expiring and ending a watch, and turning a change of a
mailbox into a notification. Add here: a rule about when Gmail notifies. Keep out: delivery
(``delivery``).
Source: docs/google.md#watches, #notification-contents: one topic a user, seven days, one
notification a second with the excess dropped, a first notification at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gmail_sandbox.account.errors import HistoryExpiredError
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.clock import Clock
from gmail_sandbox.counters import Counters
from gmail_sandbox.wire.google_errors import GoogleRefusalError

WATCH_SECONDS = 7 * 86_400
_SECONDS_BETWEEN = 1.0

#: Publishes a notification: mailbox address, its history id, topic.
Publish = Callable[[str, int, str], None]


@dataclass(slots=True)
class Watch:
    """One mailbox's watch; ``seen`` is the history id up to which changes were looked at."""

    topic: str
    labels: frozenset[str]
    exclude: bool
    expires_at: float
    seen: int
    last_sent: float = field(default=float("-inf"))


class Watches:
    """The watches of all mailboxes.

    Args:
        clock: ends watches and spaces notifications.
        counters: counts notifications made and suppressed.
        publish: hands a notification to Pub/Sub.
        project_id: the project whose topics may be watched.
        topic: the topic that Gmail may publish to from the start.
    """

    def __init__(
        self,
        clock: Clock,
        counters: Counters,
        publish: Publish,
        *,
        project_id: str,
        topic: str,
    ) -> None:
        self._clock = clock
        self._counters = counters
        self._publish = publish
        self._project_id = project_id
        self.granted_topics = {topic}
        self._watches: dict[str, Watch] = {}

    def begin(
        self, mailbox: Mailbox, topic: str, *, labels: Sequence[str] = (), exclude: bool = False
    ) -> int:
        """Begin or renew a watch, notify at once, and return when it ends (epoch milliseconds).

        Raises:
            GoogleRefusalError: 400 for a topic of another project or while another topic is
                watched; 403 where Gmail may not publish to the topic.
        """
        if not topic.startswith(f"projects/{self._project_id}/topics/"):
            raise GoogleRefusalError("invalid_topic", project_id=self._project_id)
        now = self._clock.now()
        known = self._live(mailbox.address, now)
        if known is not None and known.topic != topic:
            raise GoogleRefusalError("one_push_client")
        if topic not in self.granted_topics:
            raise GoogleRefusalError("pubsub_not_authorized", topic=topic)
        watch = Watch(topic, frozenset(labels), exclude, now + WATCH_SECONDS, mailbox.history_id)
        self._watches[mailbox.address] = watch
        if known is None:
            mailbox.on_change.append(self.changed)
        self._notify(mailbox, watch, now)
        return int(watch.expires_at * 1_000)

    def end(self, mailbox: Mailbox) -> None:
        """End a watch; ending none is no error."""
        if self._watches.pop(mailbox.address, None) is not None:
            mailbox.on_change.remove(self.changed)

    def renamed(self, former: str, address: str) -> None:
        """Keep the watch of an account that has another primary address now."""
        if (watch := self._watches.pop(former, None)) is not None:
            self._watches[address] = watch

    def get(self, address: str) -> Watch | None:
        """Return the living watch of a mailbox."""
        return self._live(address, self._clock.now())

    def changed(self, mailbox: Mailbox) -> None:
        """Notify of a change, if the mailbox is watched and the change is of a watched label."""
        now = self._clock.now()
        watch = self._live(mailbox.address, now)
        if watch is None:
            return
        seen, watch.seen = watch.seen, mailbox.history_id
        if watch.labels and not _concerns(mailbox, seen, watch):
            return
        if 0 <= now - watch.last_sent < _SECONDS_BETWEEN:
            self._counters.pushes["suppressed"] += 1
            return
        self._notify(mailbox, watch, now)

    def _notify(self, mailbox: Mailbox, watch: Watch, now: float) -> None:
        watch.last_sent = now
        self._counters.pushes["published"] += 1
        self._publish(mailbox.pushed_as or mailbox.address, mailbox.history_id, watch.topic)

    def _live(self, address: str, now: float) -> Watch | None:
        watch = self._watches.get(address)
        return None if watch is None or watch.expires_at <= now else watch


def _concerns(mailbox: Mailbox, seen: int, watch: Watch) -> bool:
    touched: set[str] = set()
    try:
        records = mailbox.history(seen)
    except HistoryExpiredError:
        return True  # what changed is no longer known, so it notifies in any case
    for record in records:
        for name in ("messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved"):
            for change in record.get(name, ()):
                touched.update(change["message"].get("labelIds", ()))
                touched.update(change.get("labelIds", ()))
    return not touched <= watch.labels if watch.exclude else bool(touched & watch.labels)
