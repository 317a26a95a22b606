"""The permanent problems of a business's calendar: no retry solves them, an operator or the owner must act."""

from enum import StrEnum

from shared.errors import PermanentError


class CalendarProblem(StrEnum):
    """Each value is a reason in the failure ledger and in alerts."""

    ACCESS_REVOKED = "calendar_access_revoked"
    FORBIDDEN = "calendar_forbidden"
    UNKNOWN = "calendar_unknown"
    NOT_CONFIGURED = "calendar_not_configured"
    ACCOUNT_MISSING = "calendar_account_missing"
    ACCOUNT_REFUSED = "calendar_account_refused"
    """The account of one business at its CalDAV server; the service account is that of all."""
    REQUEST_REFUSED = "calendar_request_refused"
    MOVE_REFUSED = "calendar_move_refused"
    """The owner moved a visit to a time that it can't have. This is never the reason of a failure, only of an alert."""

    VISIT_RESTORED = "calendar_visit_restored"
    """The owner restored the event of a visit that its visitor had cancelled. Only of an alert, too."""

    @classmethod
    def parse_reason(cls, reason: str) -> "CalendarProblem | None":
        """Return the problem that a dead letter's reason names, or None if the reason is not the calendar."""
        return next((problem for problem in cls if problem.value == reason), None)


class UnusableCalendarError(PermanentError):
    """The calendar can't be used until an operator or the owner has solved its problem."""

    def __init__(self, problem: CalendarProblem, message: str = "") -> None:
        super().__init__(problem.value, message)
        self.problem = problem
