"""Notices on their way to people, in memory: the queue, the wording, the mail, the text messages, the alerts."""

import asyncio

from shared.messages.notices import NOTICE, AnyNotice, OperatorAlert
from shared.tenants.profile import TenantProfile
from workers.notifications.domain import AppointmentLinks, Email, TextMessage, VisitorNotice


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
        """Return every notice, those put again included."""
        return [NOTICE.validate_json(body) for body in self.bodies]

    @property
    def delivered(self) -> list[AnyNotice]:
        """Return what people are told: the first notice of each id."""
        first: dict[str, AnyNotice] = {}
        for notice in self.put_in_all:
            first.setdefault(notice.id, notice)
        return list(first.values())


class FakeEmailTemplates:
    """`Letters` without words: what matters stands in the text."""

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
    ) -> Email:
        """Return the letter."""
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


class FakeMailer:
    """A `Mailer` that keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[Email] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def send(self, email: Email) -> None:
        """Return once the letter is taken."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(email)


class FakeTextMessageTemplates:
    """`TextMessages` without words."""

    def __init__(self) -> None:
        self.codes: list[str | None] = []

    def render(self, notice: VisitorNotice, profile: TenantProfile, *, code: str | None) -> TextMessage:
        """Return the message."""
        self.codes.append(code)
        return TextMessage(recipient=notice.data.contact, text=f"{notice.type} {code}")


class FakeSmsSender:
    """A `Texter` that keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[TextMessage] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def send(self, message: TextMessage) -> None:
        """Return once the message is taken."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(message)


class FakeAlerts:
    """`Alerts` that are kept."""

    def __init__(self) -> None:
        self.sent: list[OperatorAlert] = []
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    async def send(self, alert: OperatorAlert) -> None:
        """Return once the alert is on its way."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(alert)
