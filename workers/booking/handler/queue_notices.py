"""Queues the notices of an appointment; each event has its own id, so that no notice is sent twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from shared.ids import derive_id
from shared.messages.commands import Envelope
from shared.messages.notices import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentFacts,
    AppointmentReminder,
    AppointmentRescheduled,
    SendCode,
    WaitingClient,
)
from shared.messages.server import PROGRESS, ChangedBy
from shared.queues import NoticeQueue
from shared.tenants.profile import TenantProfile
from workers.booking.domain.answers import word_answers
from workers.booking.domain.ics import build_notice_ics
from workers.booking.domain.values import Appointment


async def send_code(
    notices: NoticeQueue,
    command: Envelope,
    appointment: Appointment,
    profile: TenantProfile,
    *,
    contact_kinds: Sequence[Literal["email", "phone"]],
) -> None:
    """Queue the latest code; `contact_kinds` is what codes can be sent to."""
    if appointment.hold_expires_at is None:
        raise ValueError("only a hold has a code")
    await notices.put(
        SendCode(
            **_build_common_fields(command, appointment, profile, f"code#{appointment.code_sends}"),
            send_number=appointment.code_sends,
            expires_at=appointment.hold_expires_at,
            other_contact_kinds=tuple(kind for kind in contact_kinds if kind != appointment.contact.kind),
            waiting=_find_waiting_client(command),
        )
    )


def derive_code_key(appointment: Appointment) -> str:
    """Return the key of the latest code's notice, under which notifications records what has become of it."""
    return _derive_notice_id(appointment, f"code#{appointment.code_sends}")


def _find_waiting_client(command: Envelope) -> WaitingClient | None:
    """Return who hears that the code is late; nobody waits for a replay."""
    if command.replay or PROGRESS not in command.capabilities:
        return None
    return WaitingClient(connection_id=command.connection_id, client_id=command.client_id)


async def send_confirmed(
    notices: NoticeQueue,
    command: Envelope,
    appointment: Appointment,
    profile: TenantProfile,
    now: datetime,
    *,
    reinstates: bool = False,
) -> None:
    """Queue the confirmation, with its calendar file; a reinstated visit is confirmed once more."""
    ics = build_notice_ics(appointment, profile, stamp=now)
    event = f"confirmed#{appointment.version}" if reinstates else "confirmed"
    service = profile.find_service(appointment.service_id)
    await notices.put(
        AppointmentConfirmed(
            **_build_common_fields(command, appointment, profile, event),
            ics=ics,
            reinstates=reinstates,
            answers=word_answers(appointment.answers, service, appointment.locale, profile.locale),
        )
    )


async def send_cancelled(
    notices: NoticeQueue,
    command: Envelope,
    appointment: Appointment,
    profile: TenantProfile,
    now: datetime,
    *,
    by: ChangedBy = "visitor",
) -> None:
    """Queue the cancellation."""
    ics = build_notice_ics(appointment, profile, stamp=now, cancelled=True)
    await notices.put(
        AppointmentCancelled(**_build_common_fields(command, appointment, profile, "cancelled"), ics=ics, by=by)
    )


async def send_rescheduled(
    notices: NoticeQueue,
    command: Envelope,
    appointment: Appointment,
    profile: TenantProfile,
    now: datetime,
    *,
    by: ChangedBy = "visitor",
    previous_start: datetime | None = None,
) -> None:
    """Queue the new time."""
    ics = build_notice_ics(appointment, profile, stamp=now)
    event = f"rescheduled#{appointment.version}"
    await notices.put(
        AppointmentRescheduled(
            **_build_common_fields(command, appointment, profile, event),
            ics=ics,
            by=by,
            previous_start=previous_start.astimezone(profile.zone) if previous_start else None,
        )
    )


async def send_reminder(
    notices: NoticeQueue, command: Envelope, appointment: Appointment, profile: TenantProfile, hours_before: int
) -> None:
    """Queue a reminder; one for each time that the visit is moved to."""
    event = f"reminder#{appointment.start.isoformat()}#{hours_before}"
    await notices.put(
        AppointmentReminder(**_build_common_fields(command, appointment, profile, event), hours_before=hours_before)
    )


def _build_common_fields(
    command: Envelope, appointment: Appointment, profile: TenantProfile, event: str
) -> dict[str, object]:
    service = profile.find_service(appointment.service_id)
    return {
        "id": _derive_notice_id(appointment, event),
        "tenant": appointment.tenant,
        "session_id": appointment.session_id,
        "locale": appointment.locale,
        "accepted_at": command.accepted_at,
        "trace": command.trace,
        "data": AppointmentFacts(
            appointment_id=appointment.appointment_id,
            contact=appointment.contact.address,
            contact_kind=appointment.contact.kind,
            name=appointment.name,
            service=appointment.service_id,
            service_name=service.name.choose_text(appointment.locale, profile.locale)
            if service
            else appointment.service_id,
            start=appointment.start.astimezone(profile.zone),
            end=appointment.end.astimezone(profile.zone),
        ),
    }


def _derive_notice_id(appointment: Appointment, event: str) -> str:
    return derive_id(appointment.appointment_id, f"notice/{event}")
