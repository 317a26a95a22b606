"""Opening hours as a profile states them: periods per weekday, dates with hours of their own, and closed ranges.

`TenantProfile.list_day_rules` decides which of them apply on a date.
"""

import itertools
import re
from datetime import date
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shared.tenants.profile_types import MINUTES_STEP, Section

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


_DAY_MINUTES = 24 * 60
MAX_MINUTES_OVER_MIDNIGHT = 16 * 60
"""More is a mistake such as 09:00-05:00, and not the hours of a bar."""

MAX_PERIODS = 24
"""Per day. YAML references repeat periods, and each is checked: without a limit a small file could cost much time."""


class OpenPeriod(Section):
    """Opening hours from one wall-clock time to another, in minutes of the day on which they begin.

    24:00 in `closes` is minute 1440; after it come the times of the next day.
    """

    opens: int
    closes: int


_PERIOD = re.compile(r"^(\d{2}):(\d{2})-(\d{2}):(\d{2})$")


def _parse_period(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _PERIOD.match(value.replace(" ", "").replace("–", "-"))
    if not match:
        raise ValueError('must look like "09:00-17:00"')
    opening_hour, opening_minute, closing_hour, closing_minute = (int(part) for part in match.groups())
    opens, closes = opening_hour * 60 + opening_minute, closing_hour * 60 + closing_minute
    if opening_minute > 59 or closing_minute > 59 or opens >= _DAY_MINUTES or closes > _DAY_MINUTES:
        raise ValueError("is not a time of day")
    if opens == closes:
        raise ValueError("must close after it opens; write 00:00-24:00 for the whole day")
    if closes < opens:
        closes += _DAY_MINUTES
        if closes - opens > MAX_MINUTES_OVER_MIDNIGHT:
            raise ValueError(
                f"must close after it opens; this lasts {_format_length(closes - opens)} over midnight, where "
                f"{MAX_MINUTES_OVER_MIDNIGHT // 60} hours are allowed"
            )
    if opens % MINUTES_STEP or closes % MINUTES_STEP:
        raise ValueError(f"must be on a multiple of {MINUTES_STEP} minutes")
    return {"opens": opens, "closes": closes}


def _format_length(minutes: int) -> str:
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} hours"


def _sort_periods(periods: tuple[OpenPeriod, ...]) -> tuple[OpenPeriod, ...]:
    ordered = tuple(sorted(periods, key=lambda period: period.opens))
    if any(later.opens < earlier.closes for earlier, later in itertools.pairwise(ordered)):
        raise ValueError("periods of one day must not overlap")
    return ordered


Period = Annotated[OpenPeriod, BeforeValidator(_parse_period)]
DayHours = Annotated[tuple[Period, ...], Field(max_length=MAX_PERIODS), AfterValidator(_sort_periods)]


class OpeningHours(Section):
    """Opening hours per weekday; a day that is not named is closed."""

    monday: DayHours = ()
    tuesday: DayHours = ()
    wednesday: DayHours = ()
    thursday: DayHours = ()
    friday: DayHours = ()
    saturday: DayHours = ()
    sunday: DayHours = ()

    @model_validator(mode="after")
    def _check_nights(self) -> Self:
        for weekday, next_weekday in zip(WEEKDAYS, (*WEEKDAYS[1:], WEEKDAYS[0]), strict=True):
            evening, morning = getattr(self, weekday), getattr(self, next_weekday)
            if evening and morning and evening[-1].closes - _DAY_MINUTES > morning[0].opens:
                raise ValueError(f"the last period of {weekday} must end before the first one of {next_weekday} begins")
        return self

    def list_periods(self, weekday: int) -> tuple[OpenPeriod, ...]:
        """Return the periods of a weekday, Monday being 0."""
        periods: tuple[OpenPeriod, ...] = getattr(self, WEEKDAYS[weekday])
        return periods


class DayException(Section):
    """One date with hours of its own; none means closed."""

    date: date
    hours: DayHours = ()


class ClosedRange(Section):
    """Dates on which the business is closed, such as a vacation; both ends belong to it."""

    first: date
    last: date

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"`last` must not be before `first`, which is {self.first}")
        return self

    def includes(self, day: date) -> bool:
        """Return whether a date is in the range."""
        return self.first <= day <= self.last


class DayRule(NamedTuple):
    """What determines the hours of a date."""

    kind: Literal["exception", "closed_range", "public_holiday", "weekday"]
    hours: tuple[OpenPeriod, ...]
