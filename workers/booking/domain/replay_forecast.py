"""The forecast of a booking command's replay: the description of its plan."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from workers.booking.domain.plans import (
    AlreadyDone,
    CancelVisit,
    ConfirmHold,
    EnterVisit,
    EventPlan,
    FollowOwner,
    Hold,
    MoveVisit,
    OwnerChangePlan,
    Plan,
    Refuse,
    Remind,
    ReminderPlan,
    RemoveVisit,
    SendCode,
    SkipReminder,
    SkipSync,
)
from workers.booking.domain.values import Appointment, AppointmentState, Refusal

ReplayForecastKind = Literal[
    "free",
    "taken",
    "past",
    "too_old",
    "overtaken",
    "already_done",
    "would_be_finished",
    "would_be_entered",
    "would_be_removed",
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


def describe_plan(plan: Plan, *, command_id: str, profile: TenantProfile, now: datetime) -> ReplayForecast:
    """Return the forecast of a plan, with every time in the zone of the business."""
    describe = partial(_build_forecast, profile)
    match plan:
        case Refuse(refusal, start, appointment):
            start = start or (appointment.start if appointment else None)
            return describe(_name_refusal(plan, start, now), start, appointment, refusal)
        case AlreadyDone(appointment):
            is_unfinished = appointment.is_changed_by(command_id)
            return describe("would_be_finished" if is_unfinished else "already_done", appointment.start, appointment)
        case Hold(hold):
            return describe("free", hold.start)
        case ConfirmHold(hold):
            return describe("free", hold.start, hold)
        case MoveVisit(appointment, moved):
            return describe("free", moved.start, appointment)
        case SendCode(appointment) | CancelVisit(appointment):
            return describe("would_be_done", appointment.start, appointment)


def describe_internal_plan(plan: ReminderPlan | EventPlan | OwnerChangePlan, profile: TenantProfile) -> ReplayForecast:
    """Return the forecast of an internal command's plan."""
    describe = partial(_build_forecast, profile)
    match plan:
        case Remind(visit) | FollowOwner(visit):
            return describe("would_be_done", visit.start, visit)
        case SkipReminder(start, appointment):
            return describe("stale", start, appointment)
        case AlreadyDone(visit):
            return describe("would_be_finished", visit.start, visit)
        case EnterVisit(visit):
            return describe("would_be_entered", visit.start, visit)
        case RemoveVisit(visit):
            return describe("would_be_removed", visit.start, visit)
        case SkipSync(appointment):
            return describe("already_done", appointment.start if appointment else None, appointment)


def _name_refusal(plan: Refuse, start: datetime | None, now: datetime) -> ReplayForecastKind:
    if plan.is_too_old:
        return "too_old"
    if plan.is_overtaken:
        return "overtaken"
    if plan.refusal.code is ErrorCode.SLOT_TAKEN:
        return "taken"
    # For a visit that has begun there are no other times.
    is_past = (
        plan.refusal.code is ErrorCode.INVALID_TIME
        and plan.refusal.about in {None, "time_begun"}
        and start
        and start <= now
    )
    return "past" if is_past else "refused"


def _build_forecast(
    profile: TenantProfile,
    kind: ReplayForecastKind,
    start: datetime | None,
    appointment: Appointment | None = None,
    refusal: Refusal | None = None,
) -> ReplayForecast:
    return ReplayForecast(
        kind,
        start.astimezone(profile.zone) if start else None,
        tuple(offer.start.astimezone(profile.zone) for offer in refusal.alternatives) if refusal else (),
        refusal.code.value if refusal else None,
        appointment.state if appointment else None,
    )
