"""What a replay of a booking command would come to, as far as it can be known beforehand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from workers.booking.domain.values import Appointment, AppointmentState, Refusal

OutlookKind = Literal[
    "free",
    "taken",
    "past",
    "too_old",
    "already_done",
    "would_be_finished",
    "would_be_done",
    "stale",
    "refused",
    "would_fail",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen, and the times that the visitor would be offered; all with the offset of the business."""

    kind: OutlookKind
    start: datetime | None = None
    """The time that it is about."""
    alternatives: tuple[datetime, ...] = ()
    code: str | None = None
    """Of a refusal: its error code. Of what would fail, or is unknown: the reason."""
    state: AppointmentState | None = None
    """Of the appointment, where one is there."""


def refused_outlook(
    profile: TenantProfile,
    start: datetime | None,
    refusal: Refusal,
    now: datetime,
    appointment: Appointment | None = None,
) -> Outlook:
    """Return the outlook of a wish that the rules refuse: because its time has gone by, or for another reason."""
    is_past = refusal.code is ErrorCode.INVALID_TIME and start is not None and start <= now
    return outlook(profile, "past" if is_past else "refused", start, refusal, appointment)


def outlook(
    profile: TenantProfile,
    kind: OutlookKind,
    start: datetime | None,
    refusal: Refusal | None = None,
    appointment: Appointment | None = None,
) -> Outlook:
    """Return an outlook with every time as the business's clocks show it."""
    alternatives = refusal.alternatives if refusal else ()
    return Outlook(
        kind,
        start.astimezone(profile.zone) if start else None,
        tuple(offer.start.astimezone(profile.zone) for offer in alternatives),
        refusal.code.value if refusal else None,
        appointment.state if appointment else None,
    )
