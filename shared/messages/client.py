"""Frames that a client sends: `{"v":1,"type":...,"id":...,"data":{...}}`."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from shared.messages.limits import (
    MAX_ANSWER_CHARACTERS,
    MAX_ANSWERS,
    MAX_CHAT_CHARACTERS,
    MAX_CONTACT_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    MAX_PROOF_CHARACTERS,
    MAX_SEQ,
)
from shared.messages.model import (
    NO_INPUT_IN_ERRORS,
    PLAIN_TEXT,
    AppointmentId,
    ClientId,
    LinkToken,
    Message,
    ServiceId,
    is_absent,
)

Start = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
"""An ISO 8601 date and time; without an offset it is in the tenant's zone."""


AnsweredQuestionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
AnswerText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_ANSWER_CHARACTERS), PLAIN_TEXT]
Answers = Annotated[Mapping[AnsweredQuestionId, AnswerText], Field(max_length=MAX_ANSWERS)]


Capability = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,40}$")]
"""The name of something that only newer clients understand, such as the frame `progress`."""


Proof = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9+/=]{{1,{MAX_PROOF_CHARACTERS}}}$", strict=True)]
"""The solution of a challenge with the challenge itself, as ALTCHA writes both: JSON in base64."""


CHALLENGE_CAPABILITY = "challenge"
"""Of a client that solves challenges (`CHALLENGE_REQUIRED`) without asking its visitor for anything."""


class HelloData(Message):
    """What the client already has, its language and time zone, and what it understands."""

    last_seq: Annotated[int, Field(ge=0, le=MAX_SEQ)] = 0
    locale: Annotated[str, StringConstraints(max_length=35)] | None = None
    tz: Annotated[str, StringConstraints(max_length=64)] | None = None
    capabilities: Annotated[tuple[Capability, ...], Field(max_length=20)] = ()
    """What a client does not name it is not sent. Names that the server does not know are ignored."""


class ChatSendData(Message):
    """A visitor's message."""

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHAT_CHARACTERS), PLAIN_TEXT
    ]


class ChatStopData(Message):
    """Which answer to end early: the id of its `chat.send`."""

    id: ClientId


class ChatFeedbackData(Message):
    """What the visitor thinks of an answer: the number of its `chat.final`, and why."""

    re_seq: Annotated[int, Field(ge=1, le=MAX_SEQ, strict=True)]
    verdict: Literal["up", "down"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTE_CHARACTERS), PLAIN_TEXT] = ""


class HandoverRequestData(Message):
    """What a person should know, and where the visitor can be reached later; both may be empty."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTE_CHARACTERS), PLAIN_TEXT] = ""
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_CONTACT_CHARACTERS), PLAIN_TEXT] = (
        ""
    )
    """An e-mail address or a telephone number."""


class BookingSlotsData(Message):
    """Which free times to list; `from` is a local date of the tenant."""

    service: ServiceId | None = None
    from_: Annotated[date | None, Field(alias="from")] = None
    days: Annotated[int, Field(ge=1, le=60)] = 14


class BookingCreateData(Message):
    """The time, the service and where to send the code."""

    start: Start
    contact: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CONTACT_CHARACTERS), PLAIN_TEXT
    ]
    service: ServiceId
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NAME_CHARACTERS), PLAIN_TEXT] = ""
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTE_CHARACTERS), PLAIN_TEXT] = ""
    answers: Annotated[Answers | None, Field(exclude_if=is_absent)] = None
    """Answers to the service's questions by their ids, all as text: the id of a choice, digits, `yes` or `no`."""


class BookingVerifyData(Message):
    """The code that was sent to the contact."""

    appointment_id: AppointmentId
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]


class BookingResendData(Message):
    """Which hold needs a new code."""

    appointment_id: AppointmentId


class AppointmentReference(Message):
    """Which appointment: one of this conversation by its id, or the one that a link in an e-mail names."""

    appointment_id: AppointmentId | None = None
    link: LinkToken | None = None

    @model_validator(mode="after")
    def _check_one_reference(self) -> Self:
        if (self.appointment_id is None) == (self.link is None):
            raise ValueError("give either appointment_id or link")
        return self


class BookingLookupData(AppointmentReference):
    """Which appointment to show."""


class BookingCancelData(AppointmentReference):
    """Which appointment to cancel."""


class BookingRescheduleData(AppointmentReference):
    """Which appointment to move, and where to."""

    start: Start


class TranscriptRequestData(Message):
    """Nothing: a conversation is only sent to a contact that was proved in it."""


class SessionEndData(Message):
    """Nothing: the session is the one of the connection."""


class PingData(Message):
    """Nothing."""


class ClientFrame(Message):
    """What every frame of a client carries."""

    v: Literal[1]
    id: ClientId | None = None


class CommandFrame(ClientFrame):
    """A frame that asks for an effect; its id identifies it when it is sent again."""

    id: ClientId
    capabilities: Annotated[tuple[Capability, ...], Field(max_length=20, exclude_if=is_absent)] = ()
    """What the client understands, as in `hello`: so `progress` about the command needs no table. A later frame under
    the same id may name others."""


class Hello(ClientFrame):
    """Opens or resumes the conversation on this connection."""

    type: Literal["hello"]
    data: HelloData = HelloData()


class ChatSend(CommandFrame):
    """Sends a message to the assistant."""

    type: Literal["chat.send"]
    data: ChatSendData


class ChatStop(ClientFrame):
    """Ends a running answer early."""

    type: Literal["chat.stop"]
    data: ChatStopData


class ChatFeedback(ClientFrame):
    """Judges an answer of the assistant; a later judgement replaces it."""

    id: ClientId
    type: Literal["chat.feedback"]
    data: ChatFeedbackData


class HandoverRequest(CommandFrame):
    """Asks for a person."""

    type: Literal["handover.request"]
    data: HandoverRequestData = HandoverRequestData()


class BookingSlots(CommandFrame):
    """Asks for free times."""

    type: Literal["booking.slots"]
    data: BookingSlotsData = BookingSlotsData()


class BookingCreate(CommandFrame):
    """Holds a time and sends a code."""

    type: Literal["booking.create"]
    data: BookingCreateData
    proof: Annotated[Proof | None, Field(exclude_if=is_absent)] = None
    """Answers an error `CHALLENGE_REQUIRED`: the same frame is sent again under the same id, with the proof."""


class BookingVerify(CommandFrame):
    """Confirms a held time with its code."""

    type: Literal["booking.verify"]
    data: BookingVerifyData


class BookingResend(CommandFrame):
    """Asks for another code."""

    type: Literal["booking.resend"]
    data: BookingResendData


class BookingLookup(CommandFrame):
    """Asks how an appointment stands."""

    type: Literal["booking.lookup"]
    data: BookingLookupData


class BookingCancel(CommandFrame):
    """Cancels an appointment."""

    type: Literal["booking.cancel"]
    data: BookingCancelData


class BookingReschedule(CommandFrame):
    """Moves an appointment."""

    type: Literal["booking.reschedule"]
    data: BookingRescheduleData


class TranscriptRequest(CommandFrame):
    """Asks for the conversation by e-mail."""

    type: Literal["transcript.request"]
    data: TranscriptRequestData = TranscriptRequestData()


class SessionEnd(CommandFrame):
    """Ends the session and erases its conversation; confirmed appointments stay."""

    type: Literal["session.end"]
    data: SessionEndData = SessionEndData()


class Ping(ClientFrame):
    """Keeps an idle connection open."""

    type: Literal["ping"]
    data: PingData = PingData()


AnyClientFrame = Annotated[
    Hello
    | ChatSend
    | ChatStop
    | ChatFeedback
    | HandoverRequest
    | BookingSlots
    | BookingCreate
    | BookingVerify
    | BookingResend
    | BookingLookup
    | BookingCancel
    | BookingReschedule
    | TranscriptRequest
    | SessionEnd
    | Ping,
    Field(discriminator="type"),
]
CLIENT_FRAME: TypeAdapter[AnyClientFrame] = TypeAdapter(AnyClientFrame, config=NO_INPUT_IN_ERRORS)
CLIENT_FRAME_TYPES = frozenset(
    {
        "hello",
        "chat.send",
        "chat.stop",
        "chat.feedback",
        "handover.request",
        "booking.slots",
        "booking.create",
        "booking.verify",
        "booking.resend",
        "booking.lookup",
        "booking.cancel",
        "booking.reschedule",
        "transcript.request",
        "session.end",
        "ping",
    }
)
