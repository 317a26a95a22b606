"""Commands on the queues: what the ingress accepted, with who asked and when.

The envelope's `id` is the command key (`shared/ids.py`); every effect derives from it.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.messages import client
from shared.messages.model import NO_INPUT_IN_ERRORS, Instant, Message, QueuedId

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
    replay: Annotated[int, Field(ge=0)] = 0
    """Number of the replay; 0 is the original."""

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


class BookingCancel(Envelope):
    """A wish to cancel."""

    type: Literal["booking.cancel"] = "booking.cancel"
    data: client.BookingCancelData


class BookingReschedule(Envelope):
    """A wish to move."""

    type: Literal["booking.reschedule"] = "booking.reschedule"
    data: client.BookingRescheduleData


BookingCommand = Annotated[
    BookingSlots | BookingCreate | BookingVerify | BookingResend | BookingCancel | BookingReschedule,
    Field(discriminator="type"),
]
AnyCommand = Annotated[
    ChatSend | BookingSlots | BookingCreate | BookingVerify | BookingResend | BookingCancel | BookingReschedule,
    Field(discriminator="type"),
]
BOOKING_COMMAND: TypeAdapter[BookingCommand] = TypeAdapter(BookingCommand, config=NO_INPUT_IN_ERRORS)
CHAT_COMMAND: TypeAdapter[ChatSend] = TypeAdapter(ChatSend)
COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand, config=NO_INPUT_IN_ERRORS)
