"""Ten years in the six zones of the tests about time, and the days on which their clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

CHANGING = ("Europe/Warsaw", "Europe/London", "America/New_York", "Australia/Lord_Howe")
ZONES = (*CHANGING, "America/Sao_Paulo", "Asia/Kathmandu")
FIRST, LAST = date(2026, 1, 1), date(2036, 1, 1)


@dataclass(frozen=True)
class ClockChange:
    """An instant at which a zone's clocks change: forward, which skips a stretch of the wall clock, or back."""

    instant: datetime
    wall: datetime
    """Where the stretch begins that is skipped or shown twice."""
    length: timedelta
    is_gap: bool


@cache
def clock_changes(zone_name: str) -> list[ClockChange]:
    """Return the clock changes of the ten years: looked for day by day, then by the half hour."""
    zone, half_hour = ZoneInfo(zone_name), timedelta(minutes=30)

    def offset(instant: datetime) -> timedelta:
        return instant.astimezone(zone).utcoffset() or timedelta(0)

    found = []
    for number in range((LAST - FIRST).days):
        midnight = datetime(FIRST.year, 1, 1, tzinfo=UTC) + timedelta(days=number)
        if offset(midnight) != offset(midnight + timedelta(days=1)):
            instant = midnight
            while offset(instant) == offset(midnight):
                instant += half_hour
            before, after = offset(midnight), offset(instant)
            wall = (instant + min(before, after)).replace(tzinfo=None)
            found.append(ClockChange(instant, wall, abs(after - before), is_gap=after > before))
    return found


@st.composite
def days(draw: st.DrawFn) -> tuple[str, date]:
    """Draw a zone and a day of it: as often as not one on which the clocks change, or one beside it."""
    zone = draw(st.sampled_from(ZONES))
    changed = [change.wall.date() for change in clock_changes(zone)]
    if changed and draw(st.booleans()):
        return zone, draw(st.sampled_from(changed)) + timedelta(days=draw(st.integers(-1, 1)))
    return zone, draw(st.dates(FIRST, LAST))


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a zone and an instant on a five-minute mark: as often as not within hours of a change of its clocks."""
    zone, day = draw(days())
    near = [change.instant for change in clock_changes(zone) if abs((change.wall.date() - day).days) <= 1]
    if near:
        return zone, near[0] + timedelta(minutes=5 * draw(st.integers(-36, 36)))
    return zone, datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=5 * draw(st.integers(0, 287)))
