"""The other instances of an event that the owner has repeated weekly, for the fake of the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent


@dataclass(frozen=True)
class RepeatedEvent:
    """A visit's event as it was when the owner repeated it, and its instances without the first, which is the visit."""

    first: CalendarEvent
    others: tuple[tuple[int, Interval], ...]
    """The week of each, and its time."""
    is_cut_off: bool = False
    """Whether it ends before its first instance."""

    @classmethod
    def repeat(cls, event: CalendarEvent, weeks: int) -> "RepeatedEvent":
        """Return an event that takes place in so many weeks."""
        return cls(event, tuple((week, _add_weeks(event, week)) for week in range(1, weeks)))

    def move(self, to: Interval) -> "RepeatedEvent":
        """Return the event with all instances at other times; what was changed in single ones is lost."""
        first = replace(self.first, start=to.start, end=to.end)
        return RepeatedEvent(first, tuple((week, _add_weeks(first, week)) for week, _ in self.others))

    def change(self, week: int, to: Interval | None) -> "RepeatedEvent":
        """Return the event with one instance elsewhere, or without it."""
        changed = ((each, to if each == week else time) for each, time in self.others)
        return replace(self, others=tuple((each, time) for each, time in changed if time is not None))

    def cut(self, weeks: int) -> "RepeatedEvent":
        """Return the event with its first weeks only."""
        others = tuple((week, time) for week, time in self.others if week < weeks)
        return replace(self, others=others, is_cut_off=not weeks)

    @property
    def other_times(self) -> Sequence[Interval]:
        """Return the times of all instances but the visit's."""
        return [time for _, time in self.others]


def _add_weeks(event: CalendarEvent, weeks: int) -> Interval:
    shift = weeks * timedelta(weeks=1)
    return Interval(event.start + shift, event.end + shift)
