"""Services that can be booked, and the resources that they need."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.tenants.busy_calendars import BusyCalendarSource
from shared.tenants.opening_hours import ClosedRange, DayException, OpeningHours
from shared.tenants.profile_types import Minutes, PositiveMinutes, Section, Translated, TranslatedLine
from shared.tenants.questions import Questions

DEFAULT_RESOURCE = "default"
"""The one resource of a business that names none: one visit at a time."""


class Resource(Section):
    """What a visit needs exclusively: a staff member, a chair or a room."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    seats: Annotated[int, Field(ge=1, le=50)] = 1
    """How many visits it takes at the same time, such as the participants of a class."""
    calendar_id: Annotated[str, StringConstraints(min_length=1, max_length=254)] | None = None
    """A calendar of its own; the business's where none is given."""
    busy_calendars: Annotated[tuple[BusyCalendarSource, ...], Field(max_length=5)] = ()
    """Further calendars, whose events make only this resource busy."""
    opening_hours: OpeningHours | None = None
    """When it takes visits, while the business is open; the business's hours where none are given."""
    exceptions: Annotated[tuple[DayException, ...], Field(max_length=400)] = ()
    closed_ranges: Annotated[tuple[ClosedRange, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _check_exceptions(self) -> Self:
        dates = [exception.date for exception in self.exceptions]
        if len(set(dates)) != len(dates):
            raise ValueError("two exceptions are for the same date")
        return self

    @property
    def has_own_hours(self) -> bool:
        """Return whether it may be away while the business is open."""
        return self.opening_hours is not None or bool(self.exceptions or self.closed_ranges)

    @property
    def lanes(self) -> tuple[str, ...]:
        """Return the names of its seats, each of which takes one visit at a time."""
        if self.seats == 1:
            return (self.id,)
        return tuple(f"{self.id}/{number}" for number in range(1, self.seats + 1))


def parse_lane(lane: str) -> tuple[str, int]:
    """Return the id of a lane's resource, and the number of its seat; 1 where the resource has no other lane."""
    resource_id, _, number = lane.partition("/")
    return resource_id, int(number or 1)


class Service(Section):
    """A service that can be booked, and how long it takes."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    name: Translated
    duration_minutes: PositiveMinutes
    price: TranslatedLine | None = None
    """What it costs, as visitors read it, such as `from 120 zł`; visitors see it where they see the service."""
    step_minutes: PositiveMinutes | None = None
    buffer_before_minutes: Minutes = 0
    buffer_after_minutes: Minutes = 0
    resources: tuple[str, ...] = ()
    """The ids of the resources of which a visit needs one; all resources where none is named."""
    max_per_day: Annotated[int, Field(ge=1, le=1000)] | None = None
    questions: Questions = ()
    """What a visitor is asked who books it."""

    @property
    def step(self) -> int:
        """Return the minutes between two offered starts."""
        return self.step_minutes or self.duration_minutes
