"""Notices on the notifications queue: what a person shall be told by e-mail.

A notice never carries a verification code: the notifications worker computes it where it is sent.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.messages.commands import ENVELOPE_VERSION
from shared.messages.model import NO_INPUT_IN_ERRORS, Instant, Message, QueuedId


class AppointmentFacts(Message):
    """What every notice about an appointment says."""

    appointment_id: str
    contact: str
    name: str = ""
    service: str
    service_name: str
    start: Instant
    end: Instant


class Notice(Message):
    """What every notice carries; `id` derives from the command that caused it."""

    version: Literal[1] = ENVELOPE_VERSION
    id: QueuedId
    tenant: QueuedId
    session_id: QueuedId
    locale: str
    accepted_at: Instant
    trace: str | None = None
    replay: Annotated[int, Field(ge=0)] = 0
    data: AppointmentFacts

    @property
    def claim_key(self) -> str:
        """The key of the processed-message record."""
        return f"{self.id}#r{self.replay}" if self.replay else self.id


class SendCode(Notice):
    """The code that confirms a hold; worthless after `expires_at`."""

    type: Literal["notice.code"] = "notice.code"
    send_number: int
    expires_at: Instant


class AppointmentConfirmed(Notice):
    """The appointment stands."""

    type: Literal["notice.confirmed"] = "notice.confirmed"
    ics: str


class AppointmentCancelled(Notice):
    """The appointment is no more."""

    type: Literal["notice.cancelled"] = "notice.cancelled"
    ics: str


class AppointmentRescheduled(Notice):
    """The appointment has moved."""

    type: Literal["notice.rescheduled"] = "notice.rescheduled"
    ics: str


AnyNotice = Annotated[
    SendCode | AppointmentConfirmed | AppointmentCancelled | AppointmentRescheduled,
    Field(discriminator="type"),
]
NOTICE: TypeAdapter[AnyNotice] = TypeAdapter(AnyNotice, config=NO_INPUT_IN_ERRORS)
