"""A scripted business: its offers, and a booking from the form to the calendar file."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from scripted_backend import Connection, ScriptedBackend

from shared.messages import server
from shared.messages.errors import ErrorCode

WARSAW = ZoneInfo("Europe/Warsaw")
APPOINTMENT = "0123456789abcdefghijklmnopqrstuv"
LINKS = {"cancel": "eyJwIjoiY2FuY2VsIn0.Zm9yLXRlc3Rz-only_0", "move": "eyJwIjoibW92ZSJ9.Zm9yLXRlc3Rz-only_0"}
"""Tokens by purpose; each allows a lookup and its one action."""
CODE = "482913"
ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
SERVICES = (
    server.ServiceOffer(id="consultation", name="Konsultacja fizjoterapeutyczna", duration_minutes=60),
    server.ServiceOffer(id="therapy", name="Terapia indywidualna", duration_minutes=45),
)


def slot(days: int, hour: int, service: str = "consultation") -> server.Slot:
    """Return a free time `days` days from today, Warsaw time."""
    day = datetime.now(WARSAW) + timedelta(days=days)
    start = day.replace(hour=hour, minute=0, second=0, microsecond=0)
    return server.Slot(start=start, end=start + timedelta(minutes=60), service=service)


class BookingScript:
    """Answers every booking command; tests read and change its attributes."""

    REFUSED_CONTACT = "anna@example.con"

    def __init__(self, backend: ScriptedBackend) -> None:
        self.services = SERVICES
        self.venue: dict[str, str] = {}
        """Address and telephone number of the business."""
        self.occupied: set[datetime] = set()
        self.held_for = timedelta(minutes=15)
        self.unlisted: set[datetime] = set()
        """Starts that are not among the free ones, such as that of the visitor's own hold."""
        self.contact_kinds: tuple[Literal["email", "phone"], ...] = ("email",)
        self.contact = "a***@e***.com"
        self.contact_kind: Literal["email", "phone"] = "email"
        self.state: Literal["held", "confirmed", "cancelled"] | None = None
        """The state of the appointment; without one it is unknown."""
        self.foreign = False
        """Whether another conversation booked it, so that it is reachable only by a link."""
        self.slot = slot(1, 9)
        self.may_change = True
        self.days: tuple[int, ...] = (1, 2, 4, 5, 8)
        """The days with free times, counted from today."""
        self.cancellation_fee: str | None = None
        self.last_date: date | None = None
        """The last date that can be booked."""
        self.deadline_hours: int | None = None
        """The deadline of the business for changes, before the start."""
        self.proven = False
        """Whether the contact has been verified, so that another time needs no code."""
        self.filled: tuple[server.Slot, ...] | None = None
        """The alternatives to a time that the business filled while the code was awaited."""
        for name in ("slots", "create", "verify", "resend", "lookup", "cancel", "reschedule"):
            backend.on[f"booking.{name}"] = getattr(self, f"_{name}")

    async def cancel_by_business(self, connection: Connection) -> None:
        """Cancel the visit as the business."""
        self.state = "cancelled"
        await connection.session.store(server.BookingCancelled(data=self._cancelled(by="business")))

    async def report_unsent_code(self, connection: Connection, *other_kinds: Literal["email", "phone"]) -> None:
        """Report that the code of the hold could not be sent, as the failures worker does."""
        data = server.ErrorData(
            code=ErrorCode.INTERNAL,
            retryable=True,
            message="Nie udało się wysłać kodu e-mailem.",
            appointment_id=APPOINTMENT,
            other_contact_kinds=other_kinds or None,
        )
        await connection.session.store(server.Error(data=data))

    async def move_by_business(self, connection: Connection, to: server.Slot) -> None:
        """Move the visit as the business."""
        self.slot = to
        data = server.BookingRescheduledData(
            appointment_id=APPOINTMENT, ics=ICS, by="business", **self.slot.model_dump()
        )
        await connection.session.store(server.BookingRescheduled(data=data))

    async def _slots(self, connection: Connection, frame: dict[str, Any]) -> None:
        service = frame["data"].get("service")
        free = [slot(day, hour, service) for day in self.days for hour in (9, 11, 14, 16)] if service else []
        free = [each for each in free if each.start not in self.unlisted]
        data = server.BookingSlotsData(
            slots=tuple(free),
            services=self.services,
            time_zone="Europe/Warsaw",
            contact_kinds=self.contact_kinds,
            change_deadline_hours=self.deadline_hours,
            cancellation_fee=self.cancellation_fee,
            last_date=self.last_date,
            **self.venue,
        )
        await connection.session.post(server.BookingSlots(re=frame["id"], data=data))

    async def _create(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        if frame["data"]["contact"] == self.REFUSED_CONTACT:
            await refuse(connection, frame, ErrorCode.INVALID_CONTACT, "Podaj adres e-mail, który istnieje.")
            return
        start = datetime.fromisoformat(frame["data"]["start"])
        if start in self.occupied:
            await refuse(
                connection,
                frame,
                ErrorCode.SLOT_TAKEN,
                "Ten termin jest już zajęty.",
                alternatives=(slot(2, 11), slot(4, 9)),
            )
            return
        self.slot = server.Slot(start=start, end=start + timedelta(hours=1), service=frame["data"]["service"])
        await self._pending(connection, frame)

    async def _verify(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        if frame["data"]["code"] != CODE:
            await refuse(connection, frame, ErrorCode.CODE_INVALID, "Ten kod jest nieprawidłowy.")
        elif self.filled is not None:
            self.proven = True
            await refuse(
                connection,
                frame,
                ErrorCode.SLOT_TAKEN,
                "Ten termin jest już zajęty.",
                alternatives=self.filled,
                appointment_id=APPOINTMENT,
            )
        else:
            await self._confirmed(connection, frame)

    async def _resend(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        await self._pending(connection, frame)

    async def _lookup(self, connection: Connection, frame: dict[str, Any]) -> None:
        if not self._knows(frame, *LINKS.values()):
            await unknown(connection, frame)
            return
        is_confirmed = self.state == "confirmed"
        data = server.BookingDetailsData(
            appointment_id=APPOINTMENT,
            state=self.state,
            service_name=self.services[0].name,
            price=self.services[0].price,
            cancellation_fee=self.cancellation_fee,
            **self.venue,
            time_zone="Europe/Warsaw",
            contact=self.contact,
            can_cancel=is_confirmed and self.may_change,
            can_reschedule=is_confirmed and self.may_change,
            change_until=self._change_until,
            ics=ICS if is_confirmed else None,
            **self.slot.model_dump(),
        )
        await connection.session.post(server.BookingDetails(re=frame["id"], data=data))

    async def _cancel(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        if not self._knows(frame, LINKS["cancel"]):
            await unknown(connection, frame)
            return
        self.state = "cancelled"
        await connection.session.store(server.BookingCancelled(re=frame["id"], data=self._cancelled()))

    async def _reschedule(self, connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        if not self._knows(frame, LINKS["move"]):
            await unknown(connection, frame)
            return
        start = datetime.fromisoformat(frame["data"]["start"])
        self.slot = server.Slot(start=start, end=start + timedelta(hours=1), service=self.slot.service)
        if self.state == "held":
            await (self._confirmed if self.proven else self._pending)(connection, frame)
            return
        data = server.BookingRescheduledData(
            appointment_id=APPOINTMENT, ics=ICS, change_until=self._change_until, **self.slot.model_dump()
        )
        await connection.session.store(server.BookingRescheduled(re=frame["id"], data=data))

    async def _pending(self, connection: Connection, frame: dict[str, Any]) -> None:
        self.state = "held"
        data = server.BookingPendingData(
            appointment_id=APPOINTMENT,
            expires_at=datetime.now(UTC) + self.held_for,
            contact=self.contact,
            contact_kind=self.contact_kind,
            **self.slot.model_dump(),
        )
        await connection.session.store(server.BookingPending(re=frame["id"], data=data))

    async def _confirmed(self, connection: Connection, frame: dict[str, Any]) -> None:
        self.state = "confirmed"
        data = server.BookingConfirmedData(
            appointment_id=APPOINTMENT, ics=ICS, change_until=self._change_until, **self.slot.model_dump()
        )
        await connection.session.store(server.BookingConfirmed(re=frame["id"], data=data))

    @property
    def _change_until(self) -> datetime | None:
        return self.slot.start - timedelta(hours=self.deadline_hours) if self.deadline_hours else None

    def _knows(self, frame: dict[str, Any], *links: str) -> bool:
        link = frame["data"].get("link")
        return self.state is not None and (not self.foreign if link is None else link in links)

    def _cancelled(self, by: server.ChangedBy = "visitor") -> server.BookingCancelledData:
        return server.BookingCancelledData(
            appointment_id=APPOINTMENT, start=self.slot.start, service=self.slot.service, by=by
        )


async def unknown(connection: Connection, frame: dict[str, Any]) -> None:
    """End a command with the common error for unknown and foreign appointments."""
    await refuse(connection, frame, ErrorCode.UNKNOWN_APPOINTMENT, "Nie znaleźliśmy takiej wizyty.")


async def refuse(
    connection: Connection,
    frame: dict[str, Any],
    code: ErrorCode,
    message: str,
    *,
    alternatives: tuple[server.Slot, ...] = (),
    appointment_id: str | None = None,
) -> None:
    """End a command with a refusal; a query's is not kept."""
    data = server.ErrorData(
        code=code,
        retryable=code is ErrorCode.CODE_INVALID,
        message=message,
        alternatives=alternatives,
        appointment_id=appointment_id,
    )
    error = server.Error(re=frame["id"], data=data)
    await (connection.session.post if frame["type"] == "booking.lookup" else connection.session.store)(error)
