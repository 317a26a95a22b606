"""Notices on the notifications queue: requests to send an e-mail or a text message.

A notice never carries a verification code: the notifications worker computes it where it is sent.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.messages.commands import ENVELOPE_VERSION
from shared.messages.model import NO_INPUT_IN_ERRORS, Instant, Message, QueuedId, QueuedReplay, is_absent
from shared.messages.server import ChangedBy


class AppointmentFacts(Message):
    """The content of every notice about an appointment."""

    appointment_id: str
    contact: str
    contact_kind: Literal["email", "phone"] = "email"
    name: str = ""
    service: str
    service_name: str
    start: Instant
    end: Instant


class Notice(Message):
    """The fields of every notice; `id` derives from the command that caused it."""

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


class WaitingClient(Message):
    """Whose command asked for the code: a client that understands `progress`."""

    connection_id: str
    client_id: str
    """The id of the command."""


class SendCode(AppointmentNotice):
    """The code that confirms a hold; useless after `expires_at`."""

    type: Literal["notice.code"] = "notice.code"
    send_number: int
    expires_at: Instant
    other_contact_kinds: tuple[Literal["email", "phone"], ...] = ()
    """What else a code can be sent to; none in notices of the release before."""
    waiting: Annotated[WaitingClient | None, Field(exclude_if=is_absent)] = None
    """Who hears that the code is late; None if nobody would understand it, or in notices of the release before."""


class AnsweredQuestion(Message):
    """A question and its answer, in the visitor's language."""

    question: str
    answer: str


class AppointmentConfirmed(AppointmentNotice):
    """The appointment is confirmed."""

    type: Literal["notice.confirmed"] = "notice.confirmed"
    ics: str
    reinstates: bool = False
    """Whether the business had cancelled the visit before."""
    answers: Annotated[tuple[AnsweredQuestion, ...], Field(exclude_if=is_absent)] = ()


class AppointmentCancelled(AppointmentNotice):
    """The appointment is cancelled."""

    type: Literal["notice.cancelled"] = "notice.cancelled"
    ics: str
    by: ChangedBy = "visitor"


class AppointmentRescheduled(AppointmentNotice):
    """The appointment has moved."""

    type: Literal["notice.rescheduled"] = "notice.rescheduled"
    ics: str
    by: ChangedBy = "visitor"
    previous_start: Instant | None = None
    """When the visit would have begun; of a move by the business, unless a crash or the release before lost it."""


class AppointmentReminder(AppointmentNotice):
    """A reminder of the appointment; useless once it has begun."""

    type: Literal["notice.reminder"] = "notice.reminder"
    hours_before: Annotated[int, Field(ge=1)]


class ChooseAgain(AppointmentNotice):
    """The replay of a failed request was refused, and its visitor has no open page that shows it."""

    type: Literal["notice.choose_again"] = "notice.choose_again"
    stands: bool = False
    """Whether a visit exists all the same, which `data` describes; otherwise `data` is what was requested."""


class TranscriptFacts(Message):
    """To whom a conversation is sent, and its last frame; what it says is read when it is sent."""

    contact: str
    contact_kind: Literal["email"] = "email"
    until_seq: Annotated[int, Field(ge=0)]


class SendTranscript(Notice):
    """The conversation, to a contact that was confirmed in it."""

    type: Literal["notice.transcript"] = "notice.transcript"
    data: TranscriptFacts


class AlertFacts(Message):
    """What is wrong, for operators; it contains no data of visitors."""

    reason: str
    """A static name such as `calendar_access_revoked`."""
    advice: str
    """What to do, as a sentence."""


class OperatorAlert(Notice):
    """A problem that the business or an operator must solve."""

    type: Literal["notice.alert"] = "notice.alert"
    data: AlertFacts


AnyNotice = Annotated[
    SendCode
    | AppointmentConfirmed
    | AppointmentCancelled
    | AppointmentRescheduled
    | AppointmentReminder
    | ChooseAgain
    | SendTranscript
    | OperatorAlert,
    Field(discriminator="type"),
]
NOTICE: TypeAdapter[AnyNotice] = TypeAdapter(AnyNotice, config=NO_INPUT_IN_ERRORS)
