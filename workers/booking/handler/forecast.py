"""Forecasts what a replay of a booking command would do now, by the rules of its use case, without any changes."""

from dataclasses import replace
from datetime import datetime

from shared.claims import Claim
from shared.errors import PermanentError, TransientError
from shared.messages.commands import (
    BookingCancel,
    BookingCommand,
    BookingCreate,
    BookingPlanReminders,
    BookingRemind,
    BookingReschedule,
    BookingResend,
    BookingVerify,
)
from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.code import is_current_code
from workers.booking.domain.decisions import (
    AlreadyCancelled,
    AlreadyConfirmed,
    Cancel,
    Confirm,
    Move,
    decide_cancel,
    decide_reschedule,
    decide_resend,
    decide_verify,
)
from workers.booking.domain.hold import blocks_its_slot, has_expired
from workers.booking.domain.lanes import select_free_lanes
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.reminders import is_unchanged_visit, is_worth_reminding, list_reminder_times
from workers.booking.domain.replay_forecast import ReplayForecast, build_forecast, forecast_refusal
from workers.booking.domain.slots import refuse_unoffered_start
from workers.booking.domain.values import Appointment, AppointmentState, Refusal
from workers.booking.handler.availability import refuse_with_alternatives
from workers.booking.handler.case import Case, Replayable, build_case
from workers.booking.handler.create import build_requested_hold, derive_appointment_id, is_same_hold, load_session_hold
from workers.booking.handler.find_appointment import find_appointment
from workers.booking.handler.late_replays import refuse_if_too_late
from workers.booking.handler.occupancy import load_occupancy

_NO_CLAIM = Claim(key="", owner="", attempts=0)
"""A forecast owns no command, so that nothing could be written for it."""


async def forecast_command(ports: BookingPorts, command: BookingCommand) -> ReplayForecast:
    """Return what a replay of a command would do now; a failing store or calendar results in a forecast, too."""
    try:
        return await _forecast_by_type(ports, command)
    except TransientError as error:
        return ReplayForecast("unknown", code=error.reason)
    except PermanentError as error:
        return ReplayForecast("would_fail", code=error.reason)


async def _forecast_by_type(ports: BookingPorts, command: BookingCommand) -> ReplayForecast:
    if isinstance(command, BookingRemind | BookingPlanReminders):
        return await _forecast_reminder(ports, command)
    if not isinstance(command, Replayable):
        return ReplayForecast("would_be_done")
    profile = await ports.tenants.get_profile(command.tenant)
    case = build_case(command, _NO_CLAIM, profile, locale=command.locale, now=ports.clock.now())
    if late := await refuse_if_too_late(ports, case, command):
        start = parse_start(command.data.start, profile.zone) if isinstance(command, BookingCreate) else None
        return build_forecast(profile, "too_old", start if isinstance(start, datetime) else None, late)
    match command:
        case BookingCreate():
            return await _forecast_create(ports, case, command)
        case BookingVerify():
            return await _forecast_verify(ports, case, command)
        case BookingResend():
            return await _forecast_resend(ports, case, command)
        case BookingCancel():
            return await _forecast_cancel(ports, case, command)
        case BookingReschedule():
            return await _forecast_reschedule(ports, case, command)


async def _forecast_create(ports: BookingPorts, case: Case, command: BookingCreate) -> ReplayForecast:
    profile = case.profile
    now = ports.clock.now()
    held = await ports.appointments.get(derive_appointment_id(command), command.session_id)
    if held:
        if held.state is AppointmentState.CANCELLED or not blocks_its_slot(held, now):
            return build_forecast(profile, "refused", held.start, Refusal(ErrorCode.CODE_EXPIRED), held)
        return build_forecast(profile, "already_done", held.start, appointment=held)
    request = await build_requested_hold(ports, case, command.data)
    if isinstance(request, Refusal):
        start = parse_start(command.data.start, profile.zone)
        return forecast_refusal(profile, start if isinstance(start, datetime) else None, request, now)
    service, requested = request
    current_hold, _ = await load_session_hold(ports, case.command)
    if current_hold and is_same_hold(current_hold, requested, case.command):
        return build_forecast(profile, "already_done", current_hold.start, appointment=current_hold)
    return await _forecast_time(ports, case, service, requested, instead_of=current_hold)


async def _forecast_verify(ports: BookingPorts, case: Case, command: BookingVerify) -> ReplayForecast:
    profile = case.profile
    hold = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if hold and hold.verified and hold.hold_expires_at and hold.is_changed_by(command.id):
        # The code of this command was right, but the business has filled its time.
        refusal = await refuse_with_alternatives(ports, case, hold.service_id, hold.start)
        return build_forecast(profile, "taken", hold.start, refusal, hold)
    code_ok = hold is not None and is_current_code(
        ports.code_key, hold.appointment_id, hold.code_sends, command.data.code
    )
    match decide_verify(hold, code_ok=code_ok, now=command.accepted_at):
        case AlreadyConfirmed(standing):
            return await _forecast_remaining_effects(ports, command, profile, standing)
        case Refusal() as refusal:
            return build_forecast(profile, "refused", hold.start if hold else None, refusal, hold)
        case Confirm() if hold and (service := profile.find_service(hold.service_id)):
            if hold.start <= ports.clock.now():
                return build_forecast(profile, "past", hold.start, appointment=hold)
            return await _forecast_time(ports, case, service, hold)
    return build_forecast(profile, "refused", hold.start if hold else None, Refusal(ErrorCode.CODE_INVALID), hold)


async def _forecast_resend(ports: BookingPorts, case: Case, command: BookingResend) -> ReplayForecast:
    profile = case.profile
    hold = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if hold and has_expired(hold, ports.clock.now()):
        # Another code would be useless.
        return build_forecast(profile, "stale", hold.start, appointment=hold)
    match decide_resend(hold, command.accepted_at):
        case AlreadyConfirmed(standing):
            return build_forecast(profile, "already_done", standing.start, appointment=standing)
        case Refusal() as refusal:
            return build_forecast(profile, "refused", hold.start if hold else None, refusal, hold)
    return build_forecast(profile, "would_be_done", hold.start if hold else None, appointment=hold)


async def _forecast_cancel(ports: BookingPorts, case: Case, command: BookingCancel) -> ReplayForecast:
    profile = case.profile
    appointment = await find_appointment(ports, case.command, command.data)
    match decide_cancel(appointment, profile, command.accepted_at):
        case Cancel():
            return build_forecast(
                profile, "would_be_done", appointment.start if appointment else None, appointment=appointment
            )
        case AlreadyCancelled(cancelled):
            return await _forecast_remaining_effects(ports, command, profile, cancelled)
        case Refusal() as refusal:
            return build_forecast(profile, "refused", appointment.start if appointment else None, refusal, appointment)


async def _forecast_reschedule(ports: BookingPorts, case: Case, command: BookingReschedule) -> ReplayForecast:
    profile = case.profile
    now = ports.clock.now()
    appointment = await find_appointment(ports, case.command, command.data)
    service = profile.find_service(appointment.service_id) if appointment else None
    start = parse_start(command.data.start, profile.zone)
    if appointment is None or service is None or isinstance(start, Refusal):
        unknown = ErrorCode.UNKNOWN_APPOINTMENT if appointment is None else ErrorCode.UNKNOWN_SERVICE
        return build_forecast(profile, "refused", None, start if isinstance(start, Refusal) else Refusal(unknown))
    decision = decide_reschedule(appointment, profile, service, start, now, requested_at=case.requested_at)
    if isinstance(decision, Refusal):
        return build_forecast(profile, "refused", start, decision, appointment)
    if not isinstance(decision, Move):
        return await _forecast_remaining_effects(ports, command, profile, decision.appointment)
    if not_offered := refuse_unoffered_start(profile, service, start, now):
        refusal = await refuse_with_alternatives(
            ports, case, service.id, start, code=not_offered.code, ignoring={appointment.appointment_id}
        )
        return forecast_refusal(profile, start, refusal, now, appointment)
    return await _forecast_time(ports, case, service, replace(decision.appointment, state=appointment.state))


async def _forecast_reminder(ports: BookingPorts, command: BookingRemind | BookingPlanReminders) -> ReplayForecast:
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    profile = await ports.tenants.get_profile(command.tenant)
    start, now = command.data.start, ports.clock.now()
    if isinstance(command, BookingRemind):
        hours = command.data.hours_before
        is_useful = is_worth_reminding(appointment, start=start, hours_before=hours, now=now, profile=profile)
    else:
        remaining = list_reminder_times(start, profile, booked_at=command.accepted_at, now=now)
        is_useful = is_unchanged_visit(appointment, start) and any(remaining)
    return build_forecast(profile, "would_be_done" if is_useful else "stale", start, appointment=appointment)


async def _forecast_time(
    ports: BookingPorts,
    case: Case,
    service: Service,
    requested: Appointment,
    *,
    instead_of: Appointment | None = None,
) -> ReplayForecast:
    """Return whether a lane is free for the visit; its own time and that of the hold that it replaces count as free."""
    command, profile = case.command, case.profile
    ours = {requested.appointment_id, *([instead_of.appointment_id] if instead_of else ())}
    occupancy = await load_occupancy(
        ports, command.tenant, profile, requested.blocked, at=ports.clock.now(), fresh=True, ignoring=ours
    )
    day = requested.start.astimezone(profile.zone).date()
    is_full = not {(day, None), (day, service.id)}.isdisjoint(occupancy.full_days)
    lanes = select_free_lanes(profile, service, requested.blocked, occupancy, appointment_id=requested.appointment_id)
    existing = None if isinstance(command, BookingCreate) else requested
    if lanes and not is_full:
        return build_forecast(profile, "free", requested.start, appointment=existing)
    refusal = await refuse_with_alternatives(ports, case, service.id, requested.start, ignoring=ours)
    return build_forecast(profile, "taken", requested.start, refusal, existing)


async def _forecast_remaining_effects(
    ports: BookingPorts, command: Replayable, profile: TenantProfile, appointment: Appointment
) -> ReplayForecast:
    """Return what is left to do for a change that is already stored: only the command that made it has effects left.

    The calendar is read, because its event is one of these effects: the cause of the failure may persist.
    """
    if not appointment.is_changed_by(command.id):
        return build_forecast(profile, "already_done", appointment.start, appointment=appointment)
    await ports.calendar.find_busy_times(profile.get_calendar_id(appointment.resource), appointment.blocked, fresh=True)
    return build_forecast(profile, "would_be_finished", appointment.start, appointment=appointment)
