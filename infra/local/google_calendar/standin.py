"""Everything that one running stand-in remembers, and how it starts afresh."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from infra.local.google_calendar.auth import TOKEN_LIFETIME_SECONDS, Authority
from infra.local.google_calendar.faults import Faults
from infra.local.google_calendar.keys import AccountKey
from infra.local.google_calendar.listing import LARGEST_PAGE
from infra.local.google_calendar.store import CalendarStore


def _now() -> datetime:
    return datetime.now(UTC)


def _new_event_id() -> str:
    return secrets.token_hex(13)  # hexadecimal digits are base32hex digits too


def _nothing() -> None:
    """Let a write go through undisturbed."""


class Standin:
    """The state behind the routes. `calendars` are there from the start and after every reset."""

    def __init__(
        self,
        *,
        keys: Iterable[AccountKey],
        calendars: Sequence[str] = (),
        time_zone: str = "UTC",
        clock: Callable[[], datetime] = _now,
        token_lifetime_seconds: int = TOKEN_LIFETIME_SECONDS,
    ) -> None:
        self.store = CalendarStore(clock=clock, new_event_id=_new_event_id)
        self.authority = Authority(keys, clock=clock, token_lifetime_seconds=token_lifetime_seconds)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.time_zone = time_zone
        self.sync_epoch = ""
        self.largest_page = LARGEST_PAGE
        """Tests make it small, so that a few events fill several pages."""
        self.before_conditional_writes: Callable[[], object] = _nothing
        """Called before each write that depends on an etag: what somebody else does at that moment."""
        self._calendars = tuple(calendars)
        self.reset()

    def reset(self) -> None:
        """Go back to the start: the first calendars, empty; no faults; good keys. Tokens stay good."""
        self.store.clear()
        for calendar_id in self._calendars:
            self.store.create_calendar(calendar_id, self.time_zone)
        self.faults.clear()
        self.calls.clear()
        self.authority.restore_keys()
        self.largest_page, self.before_conditional_writes = LARGEST_PAGE, _nothing
        self.expire_sync_tokens()

    def expire_sync_tokens(self) -> None:
        """Make every sync token that was given so far stale."""
        self.sync_epoch = secrets.token_hex(4)
