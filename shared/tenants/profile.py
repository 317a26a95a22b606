"""The profile of a tenant, checked field by field."""

import itertools
import re
from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from shared.messages.limits import MAX_CHAT_CHARACTERS

MINUTES_STEP = 5
"""Every length and every opening time is a multiple of this, so that slots share a grid."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Locale = Literal["pl", "en"]
TenantId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{3,40}$")]


class Section(BaseModel):
    """Strict: a misspelt field is an error with its line, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _on_the_grid(minutes: int) -> int:
    if minutes % MINUTES_STEP:
        raise ValueError(f"must be a multiple of {MINUTES_STEP} minutes")
    return minutes


Minutes = Annotated[int, Field(ge=0, le=24 * 60), AfterValidator(_on_the_grid)]
PositiveMinutes = Annotated[int, Field(gt=0, le=24 * 60), AfterValidator(_on_the_grid)]


class OpenPeriod(Section):
    """Opening hours between two wall-clock times of one day; `closes` 24:00 is kept as minute 1440."""

    opens: int
    closes: int

    @property
    def opening_time(self) -> time:
        """Return when it opens, as a wall-clock time."""
        return time(self.opens // 60, self.opens % 60)


_PERIOD = re.compile(r"^(\d{2}):(\d{2})-(\d{2}):(\d{2})$")


def _parse_period(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _PERIOD.match(value.replace(" ", "").replace("–", "-"))
    if not match:
        raise ValueError('must look like "09:00-17:00"')
    opening_hour, opening_minute, closing_hour, closing_minute = (int(part) for part in match.groups())
    opens, closes = opening_hour * 60 + opening_minute, closing_hour * 60 + closing_minute
    if opening_minute > 59 or closing_minute > 59 or opens >= 24 * 60 or closes > 24 * 60:
        raise ValueError("is not a time of day")
    if opens >= closes:
        raise ValueError("must close after it opens, on the same day")
    if opens % MINUTES_STEP or closes % MINUTES_STEP:
        raise ValueError(f"must be on a multiple of {MINUTES_STEP} minutes")
    return {"opens": opens, "closes": closes}


def _in_order(periods: tuple[OpenPeriod, ...]) -> tuple[OpenPeriod, ...]:
    ordered = tuple(sorted(periods, key=lambda period: period.opens))
    if any(later.opens < earlier.closes for earlier, later in itertools.pairwise(ordered)):
        raise ValueError("periods of one day must not overlap")
    return ordered


Period = Annotated[OpenPeriod, BeforeValidator(_parse_period)]
DayHours = Annotated[tuple[Period, ...], AfterValidator(_in_order)]


class OpeningHours(Section):
    """Opening hours a weekday; a day that is not named is closed."""

    monday: DayHours = ()
    tuesday: DayHours = ()
    wednesday: DayHours = ()
    thursday: DayHours = ()
    friday: DayHours = ()
    saturday: DayHours = ()
    sunday: DayHours = ()

    def on(self, weekday: int) -> tuple[OpenPeriod, ...]:
        """Return the periods of a weekday, Monday being 0."""
        periods: tuple[OpenPeriod, ...] = getattr(self, WEEKDAYS[weekday])
        return periods


class DayException(Section):
    """One date with hours of its own; none means closed."""

    date: date
    hours: DayHours = ()


class Translated(Section):
    """A text in the languages that we speak; the one given stands in for the one missing."""

    pl: str = ""
    en: str = ""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.pl or self.en):
            raise ValueError("needs a text in pl or en")
        return self

    def in_(self, locale: str) -> str:
        """Return the text for a locale such as `pl` or `en-GB`."""
        if locale.lower().startswith("pl"):
            return self.pl or self.en
        return self.en or self.pl


class Service(Section):
    """What can be booked, and how long it takes."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    name: Translated
    duration_minutes: PositiveMinutes
    step_minutes: PositiveMinutes | None = None
    buffer_before_minutes: Minutes = 0
    buffer_after_minutes: Minutes = 0

    @property
    def step(self) -> int:
        """Return the minutes between two offered starts."""
        return self.step_minutes or self.duration_minutes


class Senders(Section):
    """Who our messages come from; a channel without a sender is off."""

    email: str | None = None


class Model(Section):
    """The assistant's model; the deployment's default where nothing is said."""

    id: str | None = None
    max_output_tokens: Annotated[int, Field(ge=64, le=4096)] = 800


class TenantLimits(Section):
    """What the assistant may cost a day, and how long a visitor's message may be."""

    daily_output_tokens: Annotated[int, Field(gt=0)] = 500_000
    chat_characters: Annotated[int, Field(gt=0, le=MAX_CHAT_CHARACTERS)] = MAX_CHAT_CHARACTERS


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Warsaw") from None
    return name


_DISCLOSURE = Translated(
    pl="Rozmawiasz z asystentem AI. Może się mylić; ważne sprawy potwierdź u nas.",
    en="You are talking to an AI assistant. It can be wrong; please check what matters with us.",
)


class TenantProfile(Section):
    """Everything about a business that its owner decides."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    locale: Locale = "pl"
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=50)]
    opening_hours: OpeningHours
    exceptions: tuple[DayException, ...] = ()
    minimum_notice_minutes: Annotated[int, Field(ge=0, le=90 * 24 * 60)] = 120
    horizon_days: Annotated[int, Field(ge=1, le=366)] = 60
    calendar_id: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    allowed_origins: tuple[str, ...] = ()
    allow_missing_origin: bool = False
    senders: Senders = Senders()
    disclosure: Translated = _DISCLOSURE
    model: Model = Model()
    limits: TenantLimits = TenantLimits()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [service.id for service in self.services]
        if len(set(ids)) != len(ids):
            raise ValueError("two services have the same id")
        dates = [exception.date for exception in self.exceptions]
        if len(set(dates)) != len(dates):
            raise ValueError("two exceptions are for the same date")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone that opening hours and local times are meant in."""
        return ZoneInfo(self.time_zone)

    def service(self, service_id: str) -> Service | None:
        """Return the service with this id, whatever its letters' case."""
        wanted = service_id.strip().lower()
        return next((service for service in self.services if service.id == wanted), None)

    def hours_on(self, day: date) -> tuple[OpenPeriod, ...]:
        """Return the opening hours of a date, exceptions first."""
        for exception in self.exceptions:
            if exception.date == day:
                return exception.hours
        return self.opening_hours.on(day.weekday())
