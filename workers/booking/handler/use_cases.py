"""Plans each command of a visitor, carries the plan out, or forecasts what a replay would do."""

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
    BookingSettleEntry,
    BookingVerify,
)
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.plans import (
    AlreadyDone,
    CancelVisit,
    ConfirmHold,
    Hold,
    MoveVisit,
    Plan,
    Refuse,
    ReminderPlan,
    SendCode,
)
from workers.booking.domain.replay_forecast import ReplayForecast, describe_event_plan, describe_plan
from workers.booking.domain.values import Appointment, AppointmentState, Refusal
from workers.booking.handler.case import Case, Replayable, build_case
from workers.booking.handler.change import apply_cancel, apply_move, plan_cancel, plan_reschedule
from workers.booking.handler.create import apply_hold, plan_create
from workers.booking.handler.effects import run_effects
from workers.booking.handler.event_sync import plan_event_sync
from workers.booking.handler.late_replays import plan_late_replay
from workers.booking.handler.reminders import plan_reminder
from workers.booking.handler.verify import (
    apply_confirm,
    apply_refusal,
    apply_resend,
    plan_resend,
    plan_verify,
)

_NO_CLAIM = Claim(key="", owner="", attempts=0)
"""A forecast owns no command, so that nothing could be written for it."""


async def plan_command(ports: BookingPorts, case: Case, command: Replayable) -> Plan:
    """Return what the command will do; it reads, and changes nothing."""
    if late := await plan_late_replay(ports, case, command):
        return late
    match command:
        case BookingCreate(data=request):
            return await plan_create(ports, case, request)
        case BookingVerify(data=entered):
            return await plan_verify(ports, case, entered)
        case BookingResend(data=hold):
            return await plan_resend(ports, case, hold)
        case BookingCancel(data=visit):
            return await plan_cancel(ports, case, visit)
        case BookingReschedule(data=move):
            return await plan_reschedule(ports, case, move)


async def apply_plan(ports: BookingPorts, case: Case, plan: Plan) -> Appointment | Refusal:
    """Carry the plan out; return the appointment as it is stored then, or why the visitor gets no other answer."""
    changed = await _write_change(ports, case, plan)
    if isinstance(changed, Appointment):
        await run_effects(ports, case, changed)
    return changed


async def _write_change(ports: BookingPorts, case: Case, plan: Plan) -> Appointment | Refusal:
    match plan:
        case Refuse():
            return await apply_refusal(ports, case, plan)
        case AlreadyDone(appointment):
            if appointment.state is AppointmentState.CANCELLED:
                # Free what a crash may have left behind.
                await ports.appointments.free(appointment)
            return appointment
        case Hold():
            return await apply_hold(ports, case, plan)
        case ConfirmHold():
            return await apply_confirm(ports, case, plan)
        case SendCode():
            return await apply_resend(ports, case, plan)
        case CancelVisit():
            return await apply_cancel(ports, case, plan)
        case MoveVisit():
            return await apply_move(ports, case, plan)


async def forecast_command(ports: BookingPorts, command: BookingCommand) -> ReplayForecast:
    """Return what a replay of a command would do now; a failing store or calendar results in a forecast, too."""
    try:
        return await _forecast_plan(ports, command)
    except TransientError as error:
        return ReplayForecast("unknown", code=error.reason)
    except PermanentError as error:
        return ReplayForecast("would_fail", code=error.reason)


async def _forecast_plan(ports: BookingPorts, command: BookingCommand) -> ReplayForecast:
    if not isinstance(command, Replayable | BookingRemind | BookingPlanReminders | BookingSettleEntry):
        return ReplayForecast("would_be_done")
    profile, now = await ports.tenants.get_profile(command.tenant), ports.clock.now()
    if isinstance(command, BookingSettleEntry):
        return describe_event_plan(await plan_event_sync(ports, command, profile), profile)
    plan: Plan | ReminderPlan
    if isinstance(command, Replayable):
        case = build_case(command, _NO_CLAIM, profile, locale=command.locale, now=now)
        plan = await plan_command(ports, case, command)
    else:
        plan = await plan_reminder(ports, command, profile)
    return describe_plan(plan, command_id=command.id, profile=profile, now=now)
