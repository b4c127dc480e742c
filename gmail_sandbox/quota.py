"""Google's limits: units in a sliding minute, units in a day, calls at the same time.

Holds: ``Quota``, which admits or refuses calls. Add here: a further limit. Keep out: the
figures (``settings.Limits``) and the words of a refusal (``google_errors``).
Source: docs/google.md#limits, #prices. A refused call costs nothing; a call that passed costs its
units whatever its answer is.
"""

from __future__ import annotations

from collections import defaultdict, deque

from gmail_sandbox.clock import Clock
from gmail_sandbox.counters import Counters
from gmail_sandbox.settings import Limits
from gmail_sandbox.wire.google_errors import GoogleRefusalError

MINUTE = 60.0
_DAY = 86_400
#: The day of a project ends at midnight in California; the hour of summer time is left out.
_PACIFIC = -8 * 3_600


class Window:
    """Units spent in the last minute."""

    __slots__ = ("_spent", "_total")

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def used(self, now: float) -> int:
        """Return the units spent in the minute that ends at ``now`` (epoch seconds)."""
        spent = self._spent
        while spent and spent[0][0] <= now - MINUTE:
            self._total -= spent.popleft()[1]
        return self._total

    def spend(self, now: float, units: int) -> None:
        """Count units spent at ``now``."""
        self._spent.append((now, units))
        self._total += units


class Quota:
    """Admits calls or refuses them, per mailbox and for the whole project.

    Args:
        limits: the figures, which may change at any time.
        clock: the sandbox's time.
        counters: counts units and calls in flight.
        project_number: named in a refusal.
    """

    def __init__(
        self, limits: Limits, clock: Clock, counters: Counters, project_number: str
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._counters = counters
        self._project_number = project_number
        self.forget()

    def forget(self) -> None:
        """Reset what was spent, as if a day had passed."""
        self._users: defaultdict[str, Window] = defaultdict(Window)
        self._project = Window()
        self._day = (0, 0)

    def enter(self, mailbox: str) -> None:
        """Begin to answer a call of a mailbox; ``leave`` must follow.

        Raises:
            GoogleRefusalError: 429, too many calls of this mailbox are being answered.
        """
        ceiling = self.limits.concurrent_per_user
        if ceiling is not None and self._counters.in_flight[mailbox] >= ceiling:
            raise GoogleRefusalError("too_many_concurrent")
        self._counters.entered(mailbox)

    def leave(self, mailbox: str) -> None:
        """End what ``enter`` began."""
        self._counters.left(mailbox)

    def charge(self, mailbox: str, method: str) -> None:
        """Spend the units of a call.

        Raises:
            GoogleRefusalError: 403, the minute of the mailbox, or the minute or the day of the
                project, has too few units left; nothing was spent.
        """
        units = self.limits.prices.get(method, 0)
        now = self._clock.now()
        self._charge_day(now, units)
        user, limit = self._users[mailbox], self.limits.user_per_minute
        if limit is not None and user.used(now) + units > limit:
            raise self._refuse("user_quota_exceeded", limit)
        project_limit = self.limits.project_per_minute
        if project_limit is not None and self._project.used(now) + units > project_limit:
            raise self._refuse("project_quota_exceeded", project_limit)
        if limit is not None:
            user.spend(now, units)
        if project_limit is not None:
            self._project.spend(now, units)
        self._day = (self._day[0], self._day[1] + units)
        self._counters.units[mailbox] += units

    def _charge_day(self, now: float, units: int) -> None:
        today = int((now + _PACIFIC) // _DAY)
        if today != self._day[0]:
            self._day = (today, 0)
        limit = self.limits.project_per_day
        if limit is not None and self._day[1] + units > limit:
            raise self._refuse("daily_limit_exceeded", limit)

    def _refuse(self, name: str, limit: int) -> GoogleRefusalError:
        return GoogleRefusalError(name, limit=str(limit), project_number=self._project_number)
