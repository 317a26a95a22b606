"""Words a profile for those who read it in English: the assistant's model, and operators who check a profile."""

from collections.abc import Iterator, Sequence
from datetime import date

from shared.tenants.opening_hours import WEEKDAYS, OpenPeriod
from shared.tenants.profile import TenantProfile
from shared.tenants.questions import Question, QuestionKind

_DAY_MINUTES = 24 * 60
_KINDS = {
    QuestionKind.TEXT: "a text",
    QuestionKind.CHOICE: "one of",
    QuestionKind.NUMBER: "a number",
    QuestionKind.YES_NO: "yes or no",
}


def describe_hours(periods: Sequence[OpenPeriod]) -> str:
    """Return the periods of a date such as `09:00-12:00, 20:00-02:00`, or `closed`."""
    return ", ".join(f"{_format_minute(one.opens)}-{_format_minute(one.closes)}" for one in periods) or "closed"


def describe_week(profile: TenantProfile) -> str:
    """Return the hours of the weekdays; adjacent ones with the same hours are one."""
    parts: list[tuple[list[str], str]] = []
    for number, weekday in enumerate(WEEKDAYS):
        hours = describe_hours(profile.opening_hours.list_periods(number))
        if parts and parts[-1][1] == hours:
            parts[-1][0].append(weekday)
        else:
            parts.append(([weekday], hours))
    return "; ".join(f"{days[0]}{f' to {days[-1]}' if len(days) > 1 else ''} {hours}" for days, hours in parts)


def list_special_dates(profile: TenantProfile, first: date, last: date) -> list[str]:
    """Return the exceptions and the closed ranges that touch the dates from `first` to `last`, in order."""
    found = [(one.date, f"{one.date} {describe_hours(one.hours)}") for one in profile.exceptions]
    found += [
        (max(one.first, first), f"{one.first} to {one.last} closed")
        for one in profile.closed_ranges
        if one.last >= first
    ]
    return [text for day, text in sorted(found) if first <= day <= last]


def describe_reminders(profile: TenantProfile) -> str:
    """Return when visitors are reminded, such as `24 and 2 hours before a visit`."""
    hours = [str(one) for one in sorted(profile.reminder_hours_before, reverse=True)]
    if not hours:
        return "never"
    return f"{' and '.join(filter(None, [', '.join(hours[:-1]), hours[-1]]))} hours before a visit"


def describe_question(question: Question, *languages: str) -> str:
    """Return a question with what is accepted, in the first preferred language that its texts have."""
    accepted = [_KINDS[question.kind]]
    if question.kind is QuestionKind.CHOICE:
        accepted[0] += f": {' / '.join(choice.label.choose_text(*languages) for choice in question.choices)}"
    accepted[0] += "".join(_list_bounds(question))
    if question.required:
        accepted.append("required")
    return f"{question.label.choose_text(*languages)} ({', '.join(accepted)})"


def _list_bounds(question: Question) -> Iterator[str]:
    if question.minimum is not None:
        yield f" from {question.minimum}"
    if question.maximum is not None:
        yield f" to {question.maximum}"


def _format_minute(minute: int) -> str:
    hours, minutes = divmod(minute if minute <= _DAY_MINUTES else minute - _DAY_MINUTES, 60)
    return f"{hours:02}:{minutes:02}"
