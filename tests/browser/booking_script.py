"""The business behind the scripted backend: what it offers, and a booking from the form to the calendar file."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scripted_backend import Connection, ScriptedBackend

from shared.messages import server
from shared.messages.errors import ErrorCode

WARSAW = ZoneInfo("Europe/Warsaw")
APPOINTMENT = "0123456789abcdefghijklmnopqrstuv"
CODE = "482913"
ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
SERVICES = (
    server.ServiceOffer(id="consultation", name="Konsultacja fizjoterapeutyczna", duration_minutes=60),
    server.ServiceOffer(id="therapy", name="Terapia indywidualna", duration_minutes=45),
)


def slot(days: int, hour: int, service: str = "consultation") -> server.Slot:
    """Return a free time so many days from today, Warsaw time."""
    day = datetime.now(WARSAW) + timedelta(days=days)
    start = day.replace(hour=hour, minute=0, second=0, microsecond=0)
    return server.Slot(start=start, end=start + timedelta(minutes=60), service=service)


class BookingScript:
    """Answers every booking command; the tests read and change its few attributes."""

    def __init__(self, backend: ScriptedBackend) -> None:
        self.taken: set[datetime] = set()
        self.held_for = timedelta(minutes=15)
        for name in ("slots", "create", "verify", "resend", "cancel", "reschedule"):
            backend.on[f"booking.{name}"] = getattr(self, f"_{name}")
        self._slot = slot(1, 9)

    async def _slots(self, connection: Connection, frame: dict[str, Any]) -> None:
        service = frame["data"].get("service")
        free = [slot(day, hour, service) for day in (1, 2, 4, 5, 8) for hour in (9, 11, 14, 16)] if service else []
        data = server.BookingSlotsData(slots=tuple(free), services=SERVICES, time_zone="Europe/Warsaw")
        await connection.session.post(server.BookingSlots(re=frame["id"], data=data))

    async def _create(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        start = datetime.fromisoformat(frame["data"]["start"])
        if start in self.taken:
            await self._refuse(
                connection, frame, ErrorCode.SLOT_TAKEN, "Ten termin jest już zajęty.", (slot(2, 11), slot(4, 9))
            )
            return
        self._slot = server.Slot(start=start, end=start + timedelta(hours=1), service=frame["data"]["service"])
        await self._pending(connection, frame)

    async def _verify(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        if frame["data"]["code"] != CODE:
            await self._refuse(connection, frame, ErrorCode.CODE_INVALID, "Ten kod jest nieprawidłowy.")
            return
        data = server.BookingConfirmedData(appointment_id=APPOINTMENT, ics=ICS, **self._slot.model_dump())
        await connection.session.store(server.BookingConfirmed(re=frame["id"], data=data))

    async def _resend(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        await self._pending(connection, frame)

    async def _cancel(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        data = server.BookingCancelledData(
            appointment_id=APPOINTMENT, start=self._slot.start, service=self._slot.service
        )
        await connection.session.store(server.BookingCancelled(re=frame["id"], data=data))

    async def _reschedule(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        start = datetime.fromisoformat(frame["data"]["start"])
        self._slot = server.Slot(start=start, end=start + timedelta(hours=1), service=self._slot.service)
        data = server.BookingRescheduledData(appointment_id=APPOINTMENT, ics=ICS, **self._slot.model_dump())
        await connection.session.store(server.BookingRescheduled(re=frame["id"], data=data))

    async def _pending(self, connection: Connection, frame: dict[str, Any]) -> None:
        data = server.BookingPendingData(
            appointment_id=APPOINTMENT,
            expires_at=datetime.now(UTC) + self.held_for,
            contact="a***@e***.com",
            **self._slot.model_dump(),
        )
        await connection.session.store(server.BookingPending(re=frame["id"], data=data))

    async def _refuse(
        self,
        connection: Connection,
        frame: dict[str, Any],
        code: ErrorCode,
        message: str,
        alternatives: tuple[server.Slot, ...] = (),
    ) -> None:
        data = server.ErrorData(
            code=code, retryable=code is ErrorCode.CODE_INVALID, message=message, alternatives=alternatives
        )
        await connection.session.store(server.Error(re=frame["id"], data=data))
