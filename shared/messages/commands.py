"""Commands on the queues: what the ingress accepted, with who asked and when.

The envelope's `id` is the command key (`shared/ids.py`); every effect derives from it.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.messages import client
from shared.messages.model import NO_INPUT_IN_ERRORS, AppointmentId, Instant, Message, QueuedId, QueuedReplay

ENVELOPE_VERSION: Literal[1] = 1


class Envelope(Message):
    """What every command carries."""

    version: Literal[1] = ENVELOPE_VERSION
    id: QueuedId
    tenant: QueuedId
    session_id: QueuedId
    client_id: str
    connection_id: str
    accepted_at: Instant
    locale: str
    tz: str | None = None
    trace: str | None = None
    source_ip: str = ""
    replay: QueuedReplay = 0

    @property
    def claim_key(self) -> str:
        """The key of the processed-message record: each replay has its own, the effects share `id`."""
        return f"{self.id}#r{self.replay}" if self.replay else self.id


class ChatSend(Envelope):
    """A visitor's words for the assistant."""

    type: Literal["chat.send"] = "chat.send"
    data: client.ChatSendData


class BookingSlots(Envelope):
    """A wish to see free times."""

    type: Literal["booking.slots"] = "booking.slots"
    data: client.BookingSlotsData


class BookingCreate(Envelope):
    """A wish to hold a time."""

    type: Literal["booking.create"] = "booking.create"
    data: client.BookingCreateData


class BookingVerify(Envelope):
    """A code."""

    type: Literal["booking.verify"] = "booking.verify"
    data: client.BookingVerifyData


class BookingResend(Envelope):
    """A wish for another code."""

    type: Literal["booking.resend"] = "booking.resend"
    data: client.BookingResendData


class BookingLookup(Envelope):
    """A wish to see how an appointment stands."""

    type: Literal["booking.lookup"] = "booking.lookup"
    data: client.BookingLookupData


class BookingCancel(Envelope):
    """A wish to cancel."""

    type: Literal["booking.cancel"] = "booking.cancel"
    data: client.BookingCancelData


class BookingReschedule(Envelope):
    """A wish to move."""

    type: Literal["booking.reschedule"] = "booking.reschedule"
    data: client.BookingRescheduleData


class InternalCommand(Envelope):
    """An internal command: it comes from no visitor's frame, so no frame answers it by `re`."""

    client_id: str = ""
    connection_id: str = ""


class BookingRemindData(Message):
    """Which visit to remind of; `start` is when it was to begin as the reminder was planned."""

    appointment_id: AppointmentId
    start: Instant
    hours_before: Annotated[int, Field(ge=1, le=24 * 14)]


class BookingRemind(InternalCommand):
    """The time to remind a visitor has come; whether the visit still stands is judged now."""

    type: Literal["booking.remind"] = "booking.remind"
    data: BookingRemindData


class BookingPlanRemindersData(Message):
    """Of which visit; `start` is when it was to begin as its reminders could not be planned."""

    appointment_id: AppointmentId
    start: Instant


class BookingPlanReminders(InternalCommand):
    """The reminders of a visit could not be planned as it was confirmed or moved; they are to be planned now."""

    type: Literal["booking.plan_reminders"] = "booking.plan_reminders"
    data: BookingPlanRemindersData


class CalendarTickData(Message):
    """Nothing: every tenant's calendars are meant."""


class CalendarTick(InternalCommand):
    """The schedule asks for a look at every tenant's calendars."""

    type: Literal["calendar.tick"] = "calendar.tick"
    data: CalendarTickData = CalendarTickData()


class CalendarSyncData(Message):
    """Which of the tenant's calendars to read."""

    calendar_id: Annotated[str, Field(min_length=1, max_length=254)]


class CalendarSync(InternalCommand):
    """What has changed in a calendar since the last time is to be read."""

    type: Literal["calendar.sync"] = "calendar.sync"
    data: CalendarSyncData


class CalendarChangedData(Message):
    """Whose event has changed in the calendar; what it says now is read when the command's turn has come."""

    appointment_id: AppointmentId


class CalendarChanged(InternalCommand):
    """The event of an appointment was changed in the calendar, perhaps by its owner."""

    type: Literal["calendar.changed"] = "calendar.changed"
    data: CalendarChangedData


VisitorBookingCommand = (
    BookingSlots | BookingCreate | BookingVerify | BookingResend | BookingLookup | BookingCancel | BookingReschedule
)
InternalBookingCommand = BookingRemind | BookingPlanReminders | CalendarTick | CalendarSync | CalendarChanged
BookingCommand = Annotated[VisitorBookingCommand | InternalBookingCommand, Field(discriminator="type")]
AnyCommand = Annotated[ChatSend | VisitorBookingCommand, Field(discriminator="type")]
BOOKING_COMMAND: TypeAdapter[BookingCommand] = TypeAdapter(BookingCommand, config=NO_INPUT_IN_ERRORS)
CHAT_COMMAND: TypeAdapter[ChatSend] = TypeAdapter(ChatSend)
COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand, config=NO_INPUT_IN_ERRORS)
QUEUED_COMMAND: TypeAdapter[ChatSend | VisitorBookingCommand | InternalBookingCommand] = TypeAdapter(
    Annotated[ChatSend | VisitorBookingCommand | InternalBookingCommand, Field(discriminator="type")],
    config=NO_INPUT_IN_ERRORS,
)
"""Everything that stands on the queues of commands; `COMMAND` is what visitors' frames become."""
