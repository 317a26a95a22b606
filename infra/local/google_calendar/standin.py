"""The state of one running stand-in, and its reset."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from infra.local.google_calendar.auth import TOKEN_LIFETIME_SECONDS, Authority
from infra.local.google_calendar.faults import Faults
from infra.local.google_calendar.keys import AccountKey
from infra.local.google_calendar.listing import MAX_PAGE_SIZE
from infra.local.google_calendar.store import CalendarStore


def _get_utc_now() -> datetime:
    return datetime.now(UTC)


def _generate_event_id() -> str:
    return secrets.token_hex(13)  # hexadecimal digits are base32hex digits too


def _do_nothing() -> None:
    """Do nothing before a conditional write."""


class Standin:
    """The state behind the routes. `calendars` exist from the start and after every reset."""

    def __init__(
        self,
        *,
        keys: Iterable[AccountKey],
        calendars: Sequence[str] = (),
        time_zone: str = "UTC",
        clock: Callable[[], datetime] = _get_utc_now,
        token_lifetime_seconds: int = TOKEN_LIFETIME_SECONDS,
    ) -> None:
        self.store = CalendarStore(clock=clock, new_event_id=_generate_event_id)
        self.authority = Authority(keys, clock=clock, token_lifetime_seconds=token_lifetime_seconds)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.time_zone = time_zone
        self.sync_epoch = ""
        self.max_page_size = MAX_PAGE_SIZE
        """Tests make it small, so that a few events fill several pages."""
        self.before_conditional_writes: Callable[[], object] = _do_nothing
        """A hook that runs before each conditional write, for tests in which another client writes at that time."""
        self._calendars = tuple(calendars)
        self.reset()

    def reset(self) -> None:
        """Restore the initial state: empty calendars, no faults, valid keys. Issued access tokens stay valid."""
        self.store.clear()
        for calendar_id in self._calendars:
            self.store.create_calendar(calendar_id, self.time_zone)
        self.faults.clear()
        self.calls.clear()
        self.authority.restore_keys()
        self.max_page_size, self.before_conditional_writes = MAX_PAGE_SIZE, _do_nothing
        self.expire_sync_tokens()

    def expire_sync_tokens(self) -> None:
        """Invalidate every issued sync token."""
        self.sync_epoch = secrets.token_hex(4)
