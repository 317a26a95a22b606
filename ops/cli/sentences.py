"""The sentences of the command line about forecasts, rejected actions and times that are not offered."""

from ops.cli.times import format_in_business_zone, format_local_time
from ops.desk.domain.values import Forecast, ForecastKind, NotPossible, NotPossibleReason
from shared.messages.errors import ErrorCode
from workers.booking.facade import Block, Rule, TimeProblem

FORECASTS: dict[ForecastKind, str] = {
    ForecastKind.FREE: "the time is free: it would be booked",
    ForecastKind.OCCUPIED: "the time is occupied: the visitor would be offered others",
    ForecastKind.PAST: "the time has passed: the visitor would be offered others",
    ForecastKind.TOO_OLD: "the request is too old: the visitor would be asked to choose again",
    ForecastKind.OVERTAKEN: "the visit has changed since: the visitor would be asked to choose again",
    ForecastKind.ALREADY_DONE: "it is done already: the visitor would be told so, and nothing else would happen",
    ForecastKind.WOULD_BE_FINISHED: "it is stored already: its missing e-mail or calendar event would follow",
    ForecastKind.WOULD_BE_ENTERED: "the visit would be entered in the calendar",
    ForecastKind.WOULD_BE_REMOVED: "the visit would be removed from the calendar",
    ForecastKind.REFUSED: "the request would be refused",
    ForecastKind.WOULD_BE_DONE: "it would be processed",
    ForecastKind.STALE: "it is too late to be useful: nothing would be sent",
    ForecastKind.WOULD_BE_SENT: "it would be sent",
    ForecastKind.WOULD_BE_TRIED: "it would be tried again",
    ForecastKind.UNREADABLE: "no worker of this release can decode it: it would fail again",
    ForecastKind.WOULD_FAIL: "it would fail again at present",
    ForecastKind.UNKNOWN: "the outcome can't be forecast at the moment",
}

_REFUSALS: dict[str, str] = {
    ErrorCode.BAD_FRAME: "an answer to a question of the service is missing or wrong",
    ErrorCode.RATE_LIMITED: "the visitor has asked for too many times or codes",
    ErrorCode.INVALID_TIME: "the time is not offered, or it is too late to change the visit",
    ErrorCode.INVALID_CONTACT: "no message can be sent to this contact",
    ErrorCode.UNKNOWN_SERVICE: "the profile has no such service",
    ErrorCode.UNKNOWN_APPOINTMENT: "the visit was cancelled, or there is none",
    ErrorCode.CODE_INVALID: "the code is wrong",
    ErrorCode.CODE_EXPIRED: "the time to enter the code has passed",
    ErrorCode.TOO_MANY_ATTEMPTS: "too many wrong codes were entered",
}

TIME_PROBLEMS: dict[TimeProblem, str] = {
    "unknown_service": "there is no service {service}: its id is in profile.yaml",
    "invalid_time": "{time} is not a time: write it as 2026-12-01T14:00",
    "skipped_time": "the clocks skip {time} in the zone of the business",
}

_RULES: dict[Rule, str] = {
    Rule.PAST: "it has passed",
    Rule.HORIZON: "it is later than horizon_days allows",
    Rule.NOTICE: "minimum_notice_minutes: the earliest start is {at}",
    Rule.OPEN_NOTICE: "minimum_notice_open_minutes: the earliest start is {at}",
    Rule.EXCEPTION: "exceptions: {day} has hours of its own",
    Rule.CLOSED_RANGE: "closed_ranges: {day} is closed",
    Rule.PUBLIC_HOLIDAY: "public_holidays: {day} is one",
    Rule.BREAK: "opening_hours: it is in a break",
    Rule.OPENING_HOURS: "opening_hours: the business is closed",
    Rule.CLOSING: "duration_minutes: the visit would last longer than the business is open, until {at}",
    Rule.RESOURCE_HOURS: "resources: none that takes the service is there",
    Rule.STEP: "step_minutes: it is on none of the steps, which count from {at}",
    Rule.BUSINESS_CAP: "max_visits_per_day: the day is full",
    Rule.SERVICE_CAP: "max_per_day: the day is full for this service",
    Rule.OCCUPIED: "it is occupied: {lanes}",
    Rule.GRID: "the first booking of the day has fixed parts that are too small for a visit of this length",
}

NO_SUCH = "there is no failure {}: `stride failures list` shows the ids; at least four characters of one are needed"
AMBIGUOUS = "several failures begin with {}: {}"

_REASONS: dict[NotPossibleReason, str] = {
    NotPossibleReason.UNKNOWN: "there is no such failure",
    NotPossibleReason.REPLAYING: "a replay is running",
    NotPossibleReason.ENDED: "it has ended: --again replays it anyway",
    NotPossibleReason.ERASED: "its content was erased, because its visitor asked to be forgotten",
    NotPossibleReason.UNREADABLE: "it is not a JSON object with an id, so it can't be replayed",
    NotPossibleReason.PAYLOAD_UNREADABLE: "no available key decrypts it: restart the desk with the current keys",
    NotPossibleReason.NOT_EDITABLE: "it has no data that can be edited",
    NotPossibleReason.CHANGED_MEANWHILE: "somebody else changed it at the same time: read it again",
    NotPossibleReason.NOT_SENT: "it could not be put on its queue",
    NotPossibleReason.AFTER_ANOTHER: "an earlier message of the same conversation could not be sent",
    NotPossibleReason.NO_REASON: "give a reason with --reason",
}


def describe_forecast(forecast: Forecast) -> str:
    """Return what a replay would do, with the requested time and the reason if there are any.

    A refusal is in words, and in none where the kind of the forecast says it already.
    """
    details = []
    if forecast.start:
        details.append(format_in_business_zone(forecast.start))
    if forecast.code and forecast.kind is ForecastKind.REFUSED:
        details.append(_REFUSALS.get(forecast.code, forecast.code))
    elif forecast.code and forecast.kind in {ForecastKind.WOULD_FAIL, ForecastKind.UNKNOWN}:
        details.append(forecast.code)
    return FORECASTS[forecast.kind] + (f" ({', '.join(details)})" if details else "")


def describe_reason(reason: NotPossible) -> str:
    """Return why an action is not possible."""
    sentence = _REASONS[reason.why]
    if reason.detail:
        sentence += f" ({reason.detail})"
    if reason.again_at:
        sentence += f"; it may be repeated after {format_local_time(reason.again_at)}"
    return sentence


def describe_rejection(failure_id: str, reason: NotPossible) -> str:
    """Return the sentence about one failure for which an action is not possible."""
    if reason.why is NotPossibleReason.UNKNOWN:
        return NO_SUCH.format(failure_id)
    # Only `retry` has --again.
    sentence = "it has ended already" if reason.why is NotPossibleReason.ENDED else describe_reason(reason)
    return f"{failure_id}: {sentence}"


def describe_block(block: Block) -> str:
    """Return the rule that blocks a time, with the field of the profile that has it."""
    at = format_in_business_zone(block.at) if block.at else ""
    return _RULES[block.rule].format(day=block.day, at=at, lanes=", ".join(block.lanes))
