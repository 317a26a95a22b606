"""The queue of notices, their templates and their senders, in memory."""

import asyncio

from shared.messages.notices import NOTICE, AnyNotice, OperatorAlert, SendTranscript
from shared.tenants.profile import TenantProfile
from workers.notifications.domain import AppointmentLinks, Email, TextMessage, Transcript, VisitorNotice


class FakeNotices:
    """A `NoticeQueue` that keeps every notice as the text that goes on the queue."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def put(self, notice: AnyNotice) -> None:
        """Queue a notice; putting the same id twice is harmless."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.bodies.append(notice.model_dump_json())

    @property
    def put_in_all(self) -> list[AnyNotice]:
        """Return every notice, including repeated ones."""
        return [NOTICE.validate_json(body) for body in self.bodies]

    @property
    def delivered(self) -> list[AnyNotice]:
        """Return the notices that are sent: the first one with each id."""
        first: dict[str, AnyNotice] = {}
        for notice in self.put_in_all:
            first.setdefault(notice.id, notice)
        return list(first.values())


class FakeEmailTemplates:
    """`EmailTemplates` whose text is the notice's type and its code."""

    def __init__(self) -> None:
        self.codes: list[str | None] = []
        self.links: list[AppointmentLinks | None] = []

    def render(
        self,
        notice: VisitorNotice,
        profile: TenantProfile,
        *,
        code: str | None,
        links: AppointmentLinks | None = None,
        is_changeable: bool = True,
    ) -> Email:
        """Return the e-mail."""
        self.codes.append(code)
        self.links.append(links)
        return Email(
            notice_id=notice.id,
            recipient=notice.data.contact,
            sender_name=profile.name,
            reply_to=profile.senders.email,
            subject=notice.type,
            text=f"{notice.type} {code}",
        )

    def render_transcript(self, notice: SendTranscript, transcript: Transcript, profile: TenantProfile) -> Email:
        """Return the e-mail: a line for each of the conversation."""
        return Email(
            notice_id=notice.id,
            recipient=notice.data.contact,
            sender_name=profile.name,
            reply_to=profile.senders.email,
            subject=notice.type,
            text="".join(f"{entry.kind}: {entry.text}\n" for entry in transcript.entries),
        )


class FakeMailer:
    """A `Mailer` that records e-mails."""

    def __init__(self) -> None:
        self.sent: list[Email] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def send(self, email: Email) -> None:
        """Record the e-mail."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(email)


class FakeTextMessageTemplates:
    """`TextMessageTemplates` whose text is the type of the notice and its code."""

    def __init__(self) -> None:
        self.codes: list[str | None] = []

    def render(self, notice: VisitorNotice, profile: TenantProfile, *, code: str | None) -> TextMessage:
        """Return the message."""
        self.codes.append(code)
        return TextMessage(recipient=notice.data.contact, text=f"{notice.type} {code}")


class FakeSmsSender:
    """An `SmsSender` that records text messages."""

    def __init__(self) -> None:
        self.sent: list[TextMessage] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def send(self, message: TextMessage) -> None:
        """Record the message."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(message)


class FakeAlerts:
    """`Alerts` that are recorded."""

    def __init__(self) -> None:
        self.sent: list[OperatorAlert] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def send(self, alert: OperatorAlert) -> None:
        """Record the alert."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(alert)
