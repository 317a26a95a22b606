"""The role that the owner's day needs filled beside those of `shared`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from workers.booking.domain.values import Appointment, Interval, TakenTime


class Appointments(Protocol):
    """The appointments, as far as they are looked at."""

    async def taken(self, tenant: str, between: Interval, *, at: datetime) -> Sequence[TakenTime]:
        """Return what is owned at `at`; a day on both sides more than `between` may be among it."""
        ...

    async def find(self, appointment_id: str) -> Appointment | None:
        """Return an appointment."""
        ...
