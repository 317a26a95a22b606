"""Commands on the queues: what the ingress accepted, with the visitor and the time.

The envelope's `id` is the command key (`shared/ids.py`); every effect derives from it.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter

from shared.messages import client
from shared.messages.limits import MAX_SEQ
from shared.messages.model import (
    NO_INPUT_IN_ERRORS,
    AppointmentId,
    Instant,
    Message,
    QueuedId,
    QueuedReplay,
    ServiceId,
    is_absent,
)

ENVELOPE_VERSION: Literal[1] = 1

MAX_QUERIED_DAYS = 14


class Envelope(Message):
    """The fields of every command."""

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
    capabilities: Annotated[tuple[str, ...], Field(exclude_if=is_absent)] = ()
    """What the client of the frame understands; none in commands that the release before has queued."""
    replay: QueuedReplay = 0
    replayed_at: Annotated[Instant | None, Field(exclude_if=is_absent)] = None
    """When an operator requested the replay; None in the original, and in replays by the release before."""

    @property
    def claim_key(self) -> str:
        """The key of the processed-message record: each replay has its own, the effects share `id`."""
        return f"{self.id}#r{self.replay}" if self.replay else self.id


class ChatSend(Envelope):
    """A visitor's message for the assistant."""

    type: Literal["chat.send"] = "chat.send"
    data: client.ChatSendData


class HandoverRequest(Envelope):
    """A visitor's request that a person answers."""

    type: Literal["handover.request"] = "handover.request"
    data: client.HandoverRequestData


class BookingSlots(Envelope):
    """A request for free times."""

    type: Literal["booking.slots"] = "booking.slots"
    data: client.BookingSlotsData


class BookingCreate(Envelope):
    """A request to hold a time."""

    type: Literal["booking.create"] = "booking.create"
    data: client.BookingCreateData
    proof: Annotated[str | None, Field(exclude_if=is_absent)] = None
    """What came with the frame as the solution of a challenge; nothing of it is checked yet."""
    takes_proof: Annotated[bool, Field(exclude_if=is_absent)] = False
    """Whether the ingress would pass a proof on: that of the release before would not."""


class BookingVerify(Envelope):
    """A code that confirms a hold."""

    type: Literal["booking.verify"] = "booking.verify"
    data: client.BookingVerifyData


class BookingResend(Envelope):
    """A request for another code."""

    type: Literal["booking.resend"] = "booking.resend"
    data: client.BookingResendData


class BookingLookup(Envelope):
    """A request for the state of an appointment."""

    type: Literal["booking.lookup"] = "booking.lookup"
    data: client.BookingLookupData


class BookingCancel(Envelope):
    """A request to cancel."""

    type: Literal["booking.cancel"] = "booking.cancel"
    data: client.BookingCancelData


class BookingReschedule(Envelope):
    """A request to move an appointment."""

    type: Literal["booking.reschedule"] = "booking.reschedule"
    data: client.BookingRescheduleData


class TranscriptRequest(Envelope):
    """A request to send the conversation to its visitor."""

    type: Literal["transcript.request"] = "transcript.request"
    data: client.TranscriptRequestData


class SessionEnd(Envelope):
    """A request to end the session and to erase its conversation.

    It is on the queue of bookings, so that nothing that was booked before is under way when its turn comes.
    """

    type: Literal["session.end"] = "session.end"
    data: client.SessionEndData


class InternalCommand(Envelope):
    """An internal command: it comes from no visitor's frame, so no frame answers it by `re`."""

    client_id: str = ""
    connection_id: str = ""


class ChatAnswerOpenData(Message):
    """The number of the frame with which staff handed the conversation back, or asked for the answer."""

    before_seq: Annotated[int, Field(ge=1, le=MAX_SEQ)]


class ChatAnswerOpen(InternalCommand):
    """Staff let the assistant answer what the visitor asked during their takeover and nobody has answered.

    `client_id` is the id of the visitor's question: an answer, or an error, is about it.
    """

    type: Literal["chat.answer_open"] = "chat.answer_open"
    data: ChatAnswerOpenData


class BookingRemindData(Message):
    """The visit to remind of; `start` is its start when the reminder was planned."""

    appointment_id: AppointmentId
    start: Instant
    hours_before: Annotated[int, Field(ge=1, le=24 * 14)]


class BookingRemind(InternalCommand):
    """A reminder is due; the worker checks whether the visit is still confirmed."""

    type: Literal["booking.remind"] = "booking.remind"
    data: BookingRemindData


class BookingPlanRemindersData(Message):
    """The visit; `start` is its start when the planning of its reminders failed."""

    appointment_id: AppointmentId
    start: Instant


class BookingPlanReminders(InternalCommand):
    """Planning the reminders of a visit failed when it was confirmed or moved; this command plans them."""

    type: Literal["booking.plan_reminders"] = "booking.plan_reminders"
    data: BookingPlanRemindersData


class BookingSettleEntryData(Message):
    """The visit, and its version when a command changed it."""

    appointment_id: AppointmentId
    version: Annotated[int, Field(ge=1)]


class BookingSettleEntry(InternalCommand):
    """The event of a visit is to say what its appointment says when the command is processed, which may be more."""

    type: Literal["booking.settle_entry"] = "booking.settle_entry"
    data: BookingSettleEntryData


class CalendarTickData(Message):
    """No content: the command is about every tenant's calendars."""


class CalendarTick(InternalCommand):
    """The schedule requests a synchronisation of every tenant's calendars."""

    type: Literal["calendar.tick"] = "calendar.tick"
    data: CalendarTickData = CalendarTickData()


class CalendarSyncData(Message):
    """Which of the tenant's calendars to read."""

    calendar_id: Annotated[str, Field(min_length=1, max_length=254)]


class CalendarSync(InternalCommand):
    """Reads the changes of a calendar since the last synchronisation."""

    type: Literal["calendar.sync"] = "calendar.sync"
    data: CalendarSyncData


class MoveWait(Message):
    """Until when a visit waits for the time to which the owner has moved its event, while another visit has it."""

    version: Annotated[int, Field(ge=1)]
    """The version of the appointment that waits."""
    start: Instant
    end: Instant
    until: Instant


class CalendarChangedData(Message):
    """The appointment whose event has changed; the worker reads the event when it processes the command."""

    appointment_id: AppointmentId
    wait: MoveWait | None = None
    """Set when the command compares the visit again; None for a change that was just read."""


class CalendarChanged(InternalCommand):
    """The event of an appointment was changed in the calendar, perhaps by its owner."""

    type: Literal["calendar.changed"] = "calendar.changed"
    data: CalendarChangedData


class TimesQuery(Message):
    """Asks for free times, from a date of the business on."""

    about: Literal["times"] = "times"
    service: ServiceId | None = None
    """Without one, the times of each service."""
    from_day: date
    days: Annotated[int, Field(ge=1, le=MAX_QUERIED_DAYS)]


class VisitsQuery(Message):
    """Asks for the visits of the session."""

    about: Literal["visits"] = "visits"


class BookingQuery(InternalCommand):
    """The assistant asks: the answer is a row of its own (`shared/answers.py`), no frame, and outdated in seconds."""

    type: Literal["booking.query"] = "booking.query"
    data: Annotated[TimesQuery | VisitsQuery, Field(discriminator="about")]


VisitorBookingCommand = (
    BookingSlots
    | BookingCreate
    | BookingVerify
    | BookingResend
    | BookingLookup
    | BookingCancel
    | BookingReschedule
    | TranscriptRequest
    | SessionEnd
)
InternalBookingCommand = (
    BookingRemind
    | BookingPlanReminders
    | BookingSettleEntry
    | BookingQuery
    | CalendarTick
    | CalendarSync
    | CalendarChanged
)


def _find_chat_type(message: object) -> str:
    """Return the type of a message for chat; one without a type is a question, as when there was no other type."""
    kind = message.get("type", "chat.send") if isinstance(message, dict) else getattr(message, "type", "")
    return kind if isinstance(kind, str) else ""


ChatCommand = ChatSend | HandoverRequest | ChatAnswerOpen
BookingCommand = Annotated[VisitorBookingCommand | InternalBookingCommand, Field(discriminator="type")]
AnyCommand = Annotated[ChatSend | HandoverRequest | VisitorBookingCommand, Field(discriminator="type")]
BOOKING_COMMAND: TypeAdapter[BookingCommand] = TypeAdapter(BookingCommand, config=NO_INPUT_IN_ERRORS)
CHAT_COMMAND: TypeAdapter[ChatCommand] = TypeAdapter(
    Annotated[
        Annotated[ChatSend, Tag("chat.send")]
        | Annotated[HandoverRequest, Tag("handover.request")]
        | Annotated[ChatAnswerOpen, Tag("chat.answer_open")],
        Discriminator(_find_chat_type),
    ],
    config=NO_INPUT_IN_ERRORS,
)
COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand, config=NO_INPUT_IN_ERRORS)
QUEUED_COMMAND: TypeAdapter[AnyCommand | ChatAnswerOpen | InternalBookingCommand] = TypeAdapter(
    Annotated[
        ChatSend | HandoverRequest | ChatAnswerOpen | VisitorBookingCommand | InternalBookingCommand,
        Field(discriminator="type"),
    ],
    config=NO_INPUT_IN_ERRORS,
)
"""Every command on the queues; `COMMAND` are those that visitors' frames become."""
