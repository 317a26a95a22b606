"""The forecast of a booking command's replay."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from workers.booking.domain.values import Appointment, AppointmentState, Refusal

ReplayForecastKind = Literal[
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
class ReplayForecast:
    """What would happen, and the times that the visitor would be offered, all in the zone of the business."""

    kind: ReplayForecastKind
    start: datetime | None = None
    """The start of the visit that the command is about."""
    alternatives: tuple[datetime, ...] = ()
    code: str | None = None
    """The error code of a refusal, or the reason of `would_fail` and `unknown`."""
    state: AppointmentState | None = None
    """The state of the appointment, if there is one."""


def forecast_refusal(
    profile: TenantProfile,
    start: datetime | None,
    refusal: Refusal,
    now: datetime,
    appointment: Appointment | None = None,
) -> ReplayForecast:
    """Return the forecast of a request that the rules refuse: its time is past, or another reason."""
    is_past = refusal.code is ErrorCode.INVALID_TIME and start is not None and start <= now
    return build_forecast(profile, "past" if is_past else "refused", start, refusal, appointment)


def build_forecast(
    profile: TenantProfile,
    kind: ReplayForecastKind,
    start: datetime | None,
    refusal: Refusal | None = None,
    appointment: Appointment | None = None,
) -> ReplayForecast:
    """Return a forecast with every time in the zone of the business."""
    alternatives = refusal.alternatives if refusal else ()
    return ReplayForecast(
        kind,
        start.astimezone(profile.zone) if start else None,
        tuple(offer.start.astimezone(profile.zone) for offer in alternatives),
        refusal.code.value if refusal else None,
        appointment.state if appointment else None,
    )
