"""How long Google is not asked after it has refused a request because of a limit; pure.

The waits are those of https://developers.google.com/workspace/calendar/api/guides/quota, with full jitter.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.backoff import RandomSource, compute_backoff_seconds

_TOGETHER = timedelta(minutes=1)
"""Two calendars that are refused within this time have no limit of their own, but that of the account."""

_FORGOTTEN_AFTER = timedelta(minutes=30)


class LimitScope(StrEnum):
    """Whose limit Google has named: https://developers.google.com/workspace/calendar/api/guides/errors."""

    ACCOUNT = "account"
    """That of the service account, or of the whole project."""
    CALENDAR = "calendar"
    """How much may change in one calendar in a longer time."""
    EITHER = "either"
    """Google names both alike."""


_WAITS = {LimitScope.ACCOUNT: (1.0, 64.0), LimitScope.EITHER: (1.0, 64.0), LimitScope.CALENDAR: (60.0, 900.0)}
"""The longest wait after the first refusal, and after many, in seconds."""


@dataclass(slots=True)
class _Pause:
    until: datetime
    refused_at: datetime
    refusals: int = 0


class RequestPauses:
    """The pauses of the account and of each calendar, as this process knows them."""

    def __init__(self, random_source: RandomSource) -> None:
        self._random = random_source
        self._account: _Pause | None = None
        self._calendars: dict[str, _Pause] = {}

    def compute_wait(self, calendar_id: str, now: datetime) -> timedelta:
        """Return how long a calendar is not asked from now on."""
        pauses = [pause for pause in (self._account, self._calendars.get(calendar_id)) if pause]
        return max([pause.until - now for pause in pauses] + [timedelta(0)])

    def note_refusal(self, calendar_id: str, scope: LimitScope, now: datetime) -> LimitScope:
        """Begin or prolong a pause; return whose it is.

        A refusal of a request that began before the pause says nothing new.
        """
        for each in [each for each, pause in self._calendars.items() if now - pause.refused_at > _FORGOTTEN_AFTER]:
            del self._calendars[each]
        others = [pause for each, pause in self._calendars.items() if each != calendar_id]
        is_of_account = scope is LimitScope.ACCOUNT or (
            scope is LimitScope.EITHER and any(now - pause.refused_at <= _TOGETHER for pause in others)
        )
        calendar = self._calendars.setdefault(calendar_id, _Pause(now, now))
        calendar.refused_at = now
        if is_of_account:
            self._account = self._account or _Pause(now, now)
            self._prolong(self._account, scope, now)
            return LimitScope.ACCOUNT
        self._prolong(calendar, scope, now)
        return LimitScope.CALENDAR

    def note_success(self, calendar_id: str, now: datetime) -> None:
        """Let the waits begin anew: a request was answered, and not one that began before a pause."""
        if self.compute_wait(calendar_id, now):
            return
        self._calendars.pop(calendar_id, None)
        self._account = None

    def _prolong(self, pause: _Pause, scope: LimitScope, now: datetime) -> None:
        if pause.until > now:
            return
        pause.refusals += 1
        base, cap = _WAITS[scope]
        wait = compute_backoff_seconds(pause.refusals, base_seconds=base, cap_seconds=cap, random_source=self._random)
        pause.until = now + timedelta(seconds=wait)
