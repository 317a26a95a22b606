"""Quiet hours, in which a business sends no reminders: wall-clock times of its zone, converted to instants."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

_DAY_MINUTES = 24 * 60
MAX_MINUTES = 14 * 60
"""Longer quiet hours would leave no time for reminders."""

TO_GET_READY = timedelta(hours=1)
"""A visitor who is reminded in the morning needs this long to come or to cancel."""

_PATTERN = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})", re.ASCII)
_BEFORE_ANY_GAP = timedelta(hours=3)
"""No clock change skips more than this, except whole days that islands skipped at the date line."""


class QuietPeriod(NamedTuple):
    """One night, from its first instant to the first one after it; both UTC."""

    begins: datetime
    ends: datetime


class QuietHours(BaseModel):
    """From one wall-clock time to another, over midnight where the second is the earlier one; minutes of the day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: int = Field(ge=0, lt=_DAY_MINUTES)
    ends: int = Field(ge=0, lt=_DAY_MINUTES)

    @model_validator(mode="before")
    @classmethod
    def _parse_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _PATTERN.fullmatch(value.replace(" ", "").replace("–", "-"))
        if not match:
            raise ValueError('must look like "21:00-08:00"')
        begin_hour, begin_minute, end_hour, end_minute = (int(part) for part in match.groups())
        if (24, 0) in {(begin_hour, begin_minute), (end_hour, end_minute)}:
            raise ValueError("has no 24:00: write 00:00 for midnight")
        if max(begin_hour, end_hour) > 23 or max(begin_minute, end_minute) > 59:
            raise ValueError("is not a time of day")
        begins, ends = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
        if not 0 < (ends - begins) % _DAY_MINUTES <= MAX_MINUTES:
            raise ValueError(f"must last {MAX_MINUTES // 60} hours at the most, and end at another time")
        return {"begins": begins, "ends": ends}

    def find_quiet_period(self, instant: datetime, zone: ZoneInfo) -> QuietPeriod | None:
        """Return the quiet period that an instant lies in; None if reminders may be sent.

        A clock change inside a period makes it longer or shorter: it begins at the first occurrence of its first minute
        and ends at the last occurrence of its end.
        """
        today = instant.astimezone(zone).date()
        # Around a clock change at midnight the local date may be the day before or after that of a period's start.
        for day in (today + timedelta(days=distance) for distance in (-1, 0, 1)):
            period = self._compute_period(day, zone)
            if period and period.begins <= instant < period.ends:
                return period
        return None

    def _compute_period(self, day: date, zone: ZoneInfo) -> QuietPeriod | None:
        last_day = day + timedelta(days=1) if self.ends <= self.begins else day
        begins = _to_instant(day, self.begins, zone, fold=0)
        ends = _to_instant(last_day, self.ends, zone, fold=1)
        return QuietPeriod(begins, ends) if begins < ends else None


def _to_instant(day: date, minutes: int, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return the instant of a wall-clock time, or the end of the gap that skips it; `fold` selects the occurrence."""
    wall = datetime.combine(day, time(minutes // 60, minutes % 60))
    instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # Before the gap the wall clock shows an earlier time, after it a later one: search for the end of the gap.
    before, after = instant - _BEFORE_ANY_GAP, instant + _BEFORE_ANY_GAP
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
