"""Notices on the notifications queue: what a person shall be told by e-mail or text message.

A notice never carries a verification code: the notifications worker computes it where it is sent.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.messages.commands import ENVELOPE_VERSION
from shared.messages.model import NO_INPUT_IN_ERRORS, Instant, Message, QueuedId, QueuedReplay
from shared.messages.server import ChangedBy


class AppointmentFacts(Message):
    """What every notice about an appointment says."""

    appointment_id: str
    contact: str
    contact_kind: Literal["email", "phone"] = "email"
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
    replay: QueuedReplay = 0

    @property
    def claim_key(self) -> str:
        """The key of the processed-message record."""
        return f"{self.id}#r{self.replay}" if self.replay else self.id


class AppointmentNotice(Notice):
    """A notice to the visitor whose appointment it is."""

    data: AppointmentFacts


class SendCode(AppointmentNotice):
    """The code that confirms a hold; worthless after `expires_at`."""

    type: Literal["notice.code"] = "notice.code"
    send_number: int
    expires_at: Instant


class AppointmentConfirmed(AppointmentNotice):
    """The appointment stands."""

    type: Literal["notice.confirmed"] = "notice.confirmed"
    ics: str


class AppointmentCancelled(AppointmentNotice):
    """The appointment is no more."""

    type: Literal["notice.cancelled"] = "notice.cancelled"
    ics: str
    by: ChangedBy = "visitor"


class AppointmentRescheduled(AppointmentNotice):
    """The appointment has moved."""

    type: Literal["notice.rescheduled"] = "notice.rescheduled"
    ics: str
    by: ChangedBy = "visitor"


class AppointmentReminder(AppointmentNotice):
    """The appointment is near; worthless once it has begun."""

    type: Literal["notice.reminder"] = "notice.reminder"
    hours_before: Annotated[int, Field(ge=1)]


class ChooseAgain(AppointmentNotice):
    """A request that had failed was tried again and refused, and its visitor's page is not open to show it."""

    type: Literal["notice.choose_again"] = "notice.choose_again"
    stands: bool = False
    """Whether there is a visit all the same, which `data` is about; otherwise `data` is what was wished for."""


class AlertFacts(Message):
    """What is wrong, for whoever runs the system: no visitor's data."""

    reason: str
    """A static name such as `calendar_access_revoked`."""
    advice: str
    """A sentence that says what to do."""


class OperatorAlert(Notice):
    """Something needs a person of the business or of the installation."""

    type: Literal["notice.alert"] = "notice.alert"
    data: AlertFacts


AnyNotice = Annotated[
    SendCode
    | AppointmentConfirmed
    | AppointmentCancelled
    | AppointmentRescheduled
    | AppointmentReminder
    | ChooseAgain
    | OperatorAlert,
    Field(discriminator="type"),
]
NOTICE: TypeAdapter[AnyNotice] = TypeAdapter(AnyNotice, config=NO_INPUT_IN_ERRORS)
