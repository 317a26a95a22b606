"""The hours in which a business wakes nobody: on the wall clock of its zone, turned to instants over clock changes."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

_DAY_MINUTES = 24 * 60
MAX_MINUTES = 14 * 60
"""Longer ones would leave a visit no hour to be reminded of it."""

TO_GET_READY = timedelta(hours=1)
"""Who hears of a visit in the morning needs this long to get there, or to say that they will not."""

_FORM = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})", re.ASCII)
_BEFORE_ANY_GAP = timedelta(hours=3)
"""No clock change skips more than this, but for whole days that islands dropped at the date line."""


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
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _FORM.fullmatch(value.replace(" ", "").replace("–", "-"))
        if not match:
            raise ValueError('must look like "21:00-08:00"')
        begin_hour, begin_minute, end_hour, end_minute = (int(part) for part in match.groups())
        if max(begin_hour, end_hour) > 23 or max(begin_minute, end_minute) > 59:
            raise ValueError("is not a time of day")
        begins, ends = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
        if not 0 < (ends - begins) % _DAY_MINUTES <= MAX_MINUTES:
            raise ValueError(f"must last {MAX_MINUTES // 60} hours at the most, and end at another time")
        return {"begins": begins, "ends": ends}

    def around(self, instant: datetime, zone: ZoneInfo) -> QuietPeriod | None:
        """Return the quiet period that an instant lies in; None if it may wake people.

        A period that the clocks make longer or shorter is as long as the wall shows it: it begins with the first
        reading of its first minute and ends with the last reading of its last one.
        """
        today = instant.astimezone(zone).date()
        # Around a clock change at midnight the wall may say the day before, or after, the one that a period began on.
        for day in (today + timedelta(days=distance) for distance in (-1, 0, 1)):
            period = self._period(day, zone)
            if period and period.begins <= instant < period.ends:
                return period
        return None

    def _period(self, day: date, zone: ZoneInfo) -> QuietPeriod | None:
        last_day = day + timedelta(days=1) if self.ends <= self.begins else day
        begins = _instant(day, self.begins, zone, fold=0)
        ends = _instant(last_day, self.ends, zone, fold=1)
        return QuietPeriod(begins, ends) if begins < ends else None


def _instant(day: date, minutes: int, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return the instant of a wall-clock time, or the end of the gap that swallows it; `fold` tells readings apart."""
    wall = datetime.combine(day, time(minutes // 60, minutes % 60))
    instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # Before the gap the wall shows less than what is looked for, after it more: the border is between.
    before, after = instant - _BEFORE_ANY_GAP, instant + _BEFORE_ANY_GAP
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
