"""Frames that the server sends: `{"v":1,"type":...,"seq":...,"re":...,"data":{...}}`.

`re` is the id of the client's frame that is answered. Frames with a `seq` are durable: stored, numbered
per session without gaps, and sent again after a `hello`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter

from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_AUTHOR_CHARACTERS, MAX_CHAT_CHARACTERS, MAX_FRAME_BYTES, MAX_SEQ
from shared.messages.model import NO_INPUT_IN_ERRORS, PLAIN_TEXT, Instant, Message, is_absent

Resume = Literal["new", "ok", "expired"]
"""The result of the resume token: there was none, it was valid, or it had expired."""


class Limits(Message):
    """What a client may send."""

    frame_bytes: int = MAX_FRAME_BYTES
    chat_characters: int = MAX_CHAT_CHARACTERS


class Contact(Message):
    """How to reach the business without the chat."""

    phone: Annotated[str | None, Field(exclude_if=is_absent)] = None
    email: Annotated[str | None, Field(exclude_if=is_absent)] = None


class WelcomeData(Message):
    """The session with the signed token that resumes it, the limits and the disclosure.

    A client keeps `contact` and `locale`: it needs the first when no welcome comes, and the second on a page in a
    language that it does not have.
    """

    session_id: str
    session: str
    resume: Resume
    limits: Limits = Limits()
    disclosure: str
    contact: Annotated[Contact | None, Field(exclude_if=is_absent)] = None
    locale: Annotated[str | None, Field(exclude_if=is_absent)] = None
    """The business's own language."""


class AckData(Message):
    """The command is durably on its queue."""

    state: Literal["accepted"] = "accepted"


class Nothing(Message):
    """No content."""


class ChatSentData(Message):
    """What the visitor wrote, as every tab of the session shows it."""

    text: str


class ChatDeltaData(Message):
    """The answer from character `offset` on is `text`."""

    offset: Annotated[int, Field(ge=0)]
    text: str


class OfferBooking(Message):
    """A suggestion of the model: open the booking form, with these fields filled in if given."""

    type: Literal["booking.offer"] = "booking.offer"
    service: str | None = None
    date: str | None = None
    start: Annotated[Instant | None, Field(exclude_if=is_absent)] = None
    """A time of the service that was free when the assistant looked for this answer; booking it is checked again."""


class OfferHandover(Message):
    """A suggestion of the model: ask for a person. Only the visitor's `handover.request` alerts anybody."""

    type: Literal["handover.offer"] = "handover.offer"


class Usage(Message):
    """Tokens of one answer."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )


_ACTIONS = frozenset({"booking.offer", "handover.offer"})


def _drop_unknown_actions(actions: object) -> object:
    """Return the actions without those of a newer release: a frame of the dialogue must stay readable."""
    if not isinstance(actions, list | tuple):
        return actions
    return [one for one in actions if not isinstance(one, dict) or one.get("type", "booking.offer") in _ACTIONS]


Announcement = Literal["took_over", "handed_back", "is_read", "declined"]
"""Which announcement about who answers a `chat.final` is: see `ChatFinalData`."""

HandoverAnnouncement = Literal["handover_requested", "handover_closed", "handover_active"]
"""Which of them answers a `handover.request`."""

TranscriptAnnouncement = Literal["transcript_sent"]
"""What answers a `transcript.request`."""


Author = Annotated[str, StringConstraints(min_length=1, max_length=MAX_AUTHOR_CHARACTERS), PLAIN_TEXT]
"""The display name of a person of the business."""

Cut = Literal["max_tokens", "deadline"]
"""What ended an answer before its end."""


class ContactLink(Message):
    """A part of an answer's text that has no scheme, of which a client may make a link, and where that leads."""

    text: str
    href: str
    """`tel:`, `mailto:` or `https:`."""


class ChatFinalData(Message):
    """The whole answer, or an announcement of the backend; it replaces every delta.

    `announces` says which announcement it is: `took_over` (staff answer from here on),
    `handed_back` (the assistant answers again), `is_read` (staff read the message that ends here, and
    the assistant is silent; only the first such message ends with a text), `declined` (the model does not answer
    this message), `transcript_sent` (the conversation is being sent to the visitor), `handover_requested` (staff know
    that the visitor asks for a person, and the business is open),
    `handover_closed` (the same while it is closed; the text says when it opens), or `handover_active` (a person answers
    already). Releases add values: a value that a client does not know is an announcement, too. Without
    `announces` it is none, whatever the text says.

    `cut` says that the text is only the beginning of an answer, and what ended it: `max_tokens` (the longest answer
    that is allowed) or `deadline` (the time for an answer). A visitor who wants the rest asks for it by a `chat.send`.
    """

    text: str
    actions: Annotated[tuple[OfferBooking | OfferHandover, ...], BeforeValidator(_drop_unknown_actions)] = ()
    """Releases add types: a client ignores those that it does not know, and so does a worker that reads a frame."""
    usage: Usage = Usage()
    stopped: bool = False
    by: Literal["human"] | None = None
    """A message that staff sent unasked: such a frame has no `re`."""
    author: Author | None = None
    """Who of the staff sent it, or has taken over; None where that is not known."""
    announces: Announcement | HandoverAnnouncement | TranscriptAnnouncement | str | None = None
    """Not a closed set: a frame that a newer release stored must stay readable."""
    cut: Cut | str | None = None
    """Not a closed set, either."""
    sources: tuple[str, ...] | None = None
    """The titles of the documents in which the passages for the answer were found; None if all of them were in the
    prompt, or none matched."""
    links: tuple[ContactLink, ...] | None = None
    """Telephone numbers, e-mail addresses and sites of the business that the text names. A client makes links of no
    others: without a scheme, everything with a dot or enough digits would look like one."""


class Slot(Message):
    """A time that can be booked; both ends carry the tenant's offset."""

    start: Instant
    end: Instant
    service: str


class Choice(Message):
    """One of the answers to a question of the kind `choice`."""

    id: str
    label: str


class Question(Message):
    """A question of a service, in the visitor's language; `booking.create` has the answer under its id."""

    id: str
    kind: Literal["text", "choice", "number", "yes_no"]
    label: str
    required: bool
    choices: tuple[Choice, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_characters: int | None = None


class ServiceOffer(Message):
    """A service that can be booked, named in the visitor's language."""

    id: str
    name: str
    duration_minutes: int
    price: str | None = None
    """As the business writes it, with its currency."""
    questions: tuple[Question, ...] | None = None
    """Only of the service whose times were requested, if it has any."""


class BookingSlotsData(Message):
    """Free times in order, and the services that they may be booked for."""

    slots: tuple[Slot, ...]
    services: tuple[ServiceOffer, ...] = ()
    time_zone: str
    contact_kinds: tuple[Literal["email", "phone"], ...] = ("email",)
    """What a code can be sent to."""
    change_deadline_hours: int | None = None
    """How long before its start a visit can be cancelled or moved for the last time; without it, until the start."""
    cancellation_fee: str | None = None
    """What a late cancellation or a missed visit costs, as the business writes it."""
    address: str | None = None
    """Where visits take place."""
    phone: str | None = None
    """The telephone number of the business, as it writes it."""
    last_date: date | None = None
    """The last date on which a visit can be booked now; a `from` after it finds nothing."""
    next_from: date | None = None
    """The next `from` to request, when a frame could not hold all days."""
    opens_at: Annotated[Instant | None, Field(exclude_if=is_absent)] = None
    """When the business opens again, if it is closed now and opens within a year: then somebody answers requests."""
    calendar_read_at: Annotated[Instant | None, Field(exclude_if=is_absent)] = None
    """When the business's calendar was read, if it does not answer now: some of the times may be taken meanwhile."""


class BookingPendingData(Message):
    """The time is held until `expires_at`, while the code is awaited."""

    appointment_id: str
    start: Instant
    end: Instant
    service: str
    expires_at: Instant
    contact: str
    """Masked."""
    contact_kind: Literal["email", "phone"] | None = None
    """How the code is sent; None in frames of the release before."""
    send_number: int | None = None
    """The number of the code that was sent last: only this one is valid. None in frames of the release before."""
    code_late: Annotated[bool, Field(exclude_if=is_absent)] = False
    """Whether another code was asked for while that one could not be sent yet: it is on its way, and counts once."""


class BookingConfirmedData(Message):
    """The appointment is confirmed."""

    appointment_id: str
    start: Instant
    end: Instant
    service: str
    ics: str
    """An iCalendar file (RFC 5545), as text."""
    change_until: Instant | None = None
    """Until when the visitor can cancel or move it; without it, until the start."""


class BookingDetailsData(Message):
    """The state of an appointment, and what can be done with it now."""

    appointment_id: str
    state: Literal["held", "confirmed", "cancelled"]
    start: Instant
    end: Instant
    service: str
    service_name: str
    time_zone: str
    contact: str
    """Masked."""
    expires_at: Instant | None = None
    price: str | None = None
    cancellation_fee: str | None = None
    """What a late cancellation or a missed visit costs, as the business writes it."""
    address: str | None = None
    phone: str | None = None
    can_cancel: bool
    can_reschedule: bool
    change_until: Instant | None = None
    """Until when the visitor can cancel or move it; without it, until the start. Only of a confirmed one."""
    ics: str | None = None
    """Only of a confirmed one: an iCalendar file (RFC 5545), as text."""


ChangedBy = Literal["visitor", "business"]


class BookingCancelledData(Message):
    """The time is free again."""

    appointment_id: str
    start: Instant
    service: str
    by: ChangedBy = "visitor"


class BookingRescheduledData(Message):
    """The appointment has a new time."""

    appointment_id: str
    start: Instant
    end: Instant
    service: str
    ics: str
    change_until: Instant | None = None
    """Until when the visitor can cancel or move it; without it, until the start."""
    by: ChangedBy = "visitor"


class ChallengeParameters(Message):
    """What to compute: the key that PBKDF2 derives with a counter and that begins with `keyPrefix`.

    The password is the `nonce` and the counter as four bytes, the highest first. Counters are tried from 0 on.
    """

    algorithm: str
    """`PBKDF2/SHA-256`; a client that does not know another one treats the error as a refusal."""
    cost: int
    """Iterations of PBKDF2."""
    nonce: str
    salt: str
    keyLength: int  # noqa: N815 - ALTCHA's names
    keyPrefix: str  # noqa: N815
    keySignature: str | None = None  # noqa: N815
    data: Mapping[str, str | int] = {}
    """Which command the challenge is for, and until when (`until`, in milliseconds)."""


class Challenge(Message):
    """A proof of work (https://altcha.org/docs/v2/proof-of-work); nonce, salt and keys are hexadecimal.

    The proof is base64 of the JSON object `{"challenge": ..., "solution": {"counter": ..., "derivedKey": "..."}}` with
    the challenge as it was received.
    """

    parameters: ChallengeParameters
    signature: str


class ErrorData(Message):
    """A refusal; `message` is safe to show and in the visitor's language."""

    code: ErrorCode
    retryable: bool
    message: str
    retry_after_ms: int | None = None
    detail: str | None = None
    """For the client's developer: which field is wrong and how; never a value."""
    alternatives: tuple[Slot, ...] = ()
    appointment_id: str | None = None
    """The appointment that `booking.reschedule` may move to one of the alternatives, where there is one.

    In an error that answers no frame: the hold whose code could not be sent.
    """
    other_contact_kinds: tuple[Literal["email", "phone"], ...] | None = None
    """What a code can be sent to instead, where it could not be sent to the contact."""
    challenge: Challenge | None = None
    """Of `CHALLENGE_REQUIRED`, which only a client with the capability `challenge` gets."""


class ServerFrame(Message):
    """The fields of every frame of the server."""

    v: Literal[1] = 1
    re: str | None = None
    seq: int | None = None
    at: Instant | None = None
    """When a durable frame was stored. The stored text has none: its row says when."""

    def with_seq(self, seq: int, at: datetime | None = None) -> Self:
        """Return this frame as the session's durable frame number `seq`, stored at this time."""
        return self.model_copy(update={"seq": seq, "at": at})

    def to_wire_text(self) -> str:
        """Return the JSON text that goes over the socket."""
        return self.model_dump_json(exclude_none=True)


class Welcome(ServerFrame):
    """Answers `hello`."""

    type: Literal["welcome"] = "welcome"
    data: WelcomeData


class Ack(ServerFrame):
    """Answers a command once it is on its queue."""

    type: Literal["ack"] = "ack"
    data: AckData = AckData()


class Typing(ServerFrame):
    """The assistant has begun to answer."""

    type: Literal["typing"] = "typing"
    data: Nothing = Nothing()


PROGRESS = "progress"
"""The capability that a client names in its `hello` to get the frames of this type."""


class ProgressData(Message):
    """What takes longer: the command, or the code that it asked for."""

    appointment_id: Annotated[str | None, Field(exclude_if=is_absent)] = None
    """The hold whose code can't be sent at the moment: it will be, as long as the time is held."""


class Progress(ServerFrame):
    """The answer takes longer than usual; not durable, and only for clients with the capability `progress`.

    With `appointment_id` it is about the code, and the command that asked for it may have its answer already.
    """

    type: Literal["progress"] = "progress"
    data: ProgressData = ProgressData()


PRESENCE = "presence"
"""The capability that a client names in its `hello` to get the frames of this type."""


class PresenceData(Message):
    """What a person of the business does; a field that is absent says that nothing has changed."""

    author: Author | None = None
    typing: bool | None = None
    """Whether they write an answer. A client shows it for six seconds: it is said again while they write."""
    read_seq: Annotated[int | None, Field(ge=1, le=MAX_SEQ)] = None
    """They have read the conversation up to the frame with this `seq`."""


class Presence(ServerFrame):
    """A person writes, or has read; not durable, and only for clients with the capability `presence`."""

    type: Literal["presence"] = "presence"
    data: PresenceData


class ChatSent(ServerFrame):
    """The visitor's message, durable."""

    type: Literal["chat.sent"] = "chat.sent"
    data: ChatSentData


class ChatDelta(ServerFrame):
    """A part of the answer, not durable."""

    type: Literal["chat.delta"] = "chat.delta"
    data: ChatDeltaData


class ChatFinal(ServerFrame):
    """The answer, durable."""

    type: Literal["chat.final"] = "chat.final"
    data: ChatFinalData


class BookingSlots(ServerFrame):
    """Free times, not durable because they change."""

    type: Literal["booking.slots"] = "booking.slots"
    data: BookingSlotsData


class BookingPending(ServerFrame):
    """A hold."""

    type: Literal["booking.pending"] = "booking.pending"
    data: BookingPendingData


class BookingConfirmed(ServerFrame):
    """A confirmed appointment."""

    type: Literal["booking.confirmed"] = "booking.confirmed"
    data: BookingConfirmedData


class BookingDetails(ServerFrame):
    """The state of an appointment, not durable because it changes."""

    type: Literal["booking.details"] = "booking.details"
    data: BookingDetailsData


class BookingCancelled(ServerFrame):
    """A cancelled appointment."""

    type: Literal["booking.cancelled"] = "booking.cancelled"
    data: BookingCancelledData


class BookingRescheduled(ServerFrame):
    """An appointment with a new time."""

    type: Literal["booking.rescheduled"] = "booking.rescheduled"
    data: BookingRescheduledData


class SessionEnded(ServerFrame):
    """The visitor has ended the session: its conversation is erased, and a client starts anew, without its token.

    It is the last frame of the session, and the only one that is kept. The connections are closed after it.
    """

    type: Literal["session.ended"] = "session.ended"
    data: Nothing = Nothing()


class Error(ServerFrame):
    """A refusal; durable where it ends a command."""

    type: Literal["error"] = "error"
    data: ErrorData


class Pong(ServerFrame):
    """Answers `ping`."""

    type: Literal["pong"] = "pong"
    data: Nothing = Nothing()


AnyServerFrame = Annotated[
    Welcome
    | Ack
    | Typing
    | Progress
    | Presence
    | ChatSent
    | ChatDelta
    | ChatFinal
    | BookingSlots
    | BookingPending
    | BookingConfirmed
    | BookingDetails
    | BookingCancelled
    | BookingRescheduled
    | SessionEnded
    | Error
    | Pong,
    Field(discriminator="type"),
]
SERVER_FRAME: TypeAdapter[AnyServerFrame] = TypeAdapter(AnyServerFrame, config=NO_INPUT_IN_ERRORS)
