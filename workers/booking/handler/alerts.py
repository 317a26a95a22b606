"""Alerts the operators about problems that no retry solves, at most once an hour per reason and business."""

from shared.ids import derive_id
from shared.messages.notices import AlertFacts, OperatorAlert
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.calendar_problem import CalendarProblem

_ADVICE = {
    CalendarProblem.ACCESS_REVOKED: (
        "Google rejects the service account's key: create a new key and store it in the secret. It is used at once."
    ),
    CalendarProblem.FORBIDDEN: (
        "Share the calendar with the service account, with permission to make changes to events; one that is only "
        "read, with its account."
    ),
    CalendarProblem.UNKNOWN: (
        "The calendar can't be found: check calendar_id and busy_calendars in the profile, and share it with its "
        "account."
    ),
    CalendarProblem.NOT_CONFIGURED: (
        "There is no usable service account: put its JSON key into the secret or into GOOGLE_SERVICE_ACCOUNT_KEY."
    ),
    CalendarProblem.ACCOUNT_MISSING: (
        "A calendar under busy_calendars has no account: add its URL, user name and password to the secret that "
        "CaldavSecretName names."
    ),
    CalendarProblem.ACCOUNT_REFUSED: (
        "The server of a calendar under busy_calendars refuses its account: correct it in the secret that "
        "CaldavSecretName names. It is used at once."
    ),
    CalendarProblem.MOVE_REFUSED: (
        "The event of a visit was moved, or restored after its deletion, to a time that is not allowed: another "
        "visit's, which stayed there, a past one, or a whole day. An event that was moved is where it was before. Move "
        "it to a free time, or cancel the visit by deleting its event."
    ),
    CalendarProblem.VISIT_RESTORED: (
        "The event of a visit was restored in the calendar, but its visitor had cancelled the visit. It stays "
        "cancelled, and the visitor was not notified; the event keeps its time busy. Delete it, or ask the visitor to "
        "book again."
    ),
}
_DEFAULT_ADVICE = "The calendar can't be used: see the reason and the log of the booking worker."


_INSTALLATION_WIDE = frozenset({CalendarProblem.ACCESS_REVOKED, CalendarProblem.NOT_CONFIGURED})
"""All businesses share the installation's key, so one alert is enough for all of them."""


async def alert_operator(
    ports: BookingPorts,
    *,
    tenant: str,
    session_id: str,
    problem: CalendarProblem,
    occasion: str | None = None,
    detail: str = "",
) -> None:
    """Queue an alert; it contains nothing about visitors.

    With an `occasion`, there is one alert for that, however many hours the problem lasts.
    """
    now = ports.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    whose = "*" if problem in _INSTALLATION_WIDE else tenant
    advice = _ADVICE.get(problem, _DEFAULT_ADVICE)
    await ports.notices.put(
        OperatorAlert(
            id=derive_id(f"{whose}/{problem.value}/{occasion or hour.isoformat()}", "alert"),
            tenant=tenant,
            session_id=session_id,
            locale="en",
            accepted_at=now,
            data=AlertFacts(reason=problem.value, advice=f"{detail} {advice}" if detail else advice),
        )
    )
