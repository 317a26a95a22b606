"""What may be wrong with a business's calendar that no retry helps against: an operator or the owner has to act."""

from enum import StrEnum

from shared.errors import PermanentError


class CalendarProblem(StrEnum):
    """Each value is the reason in the failure ledger, and that of the alert."""

    ACCESS_REVOKED = "calendar_access_revoked"
    FORBIDDEN = "calendar_forbidden"
    UNKNOWN = "calendar_unknown"
    NOT_CONFIGURED = "calendar_not_configured"
    REQUEST_REFUSED = "calendar_request_refused"
    MOVE_REFUSED = "calendar_move_refused"
    """The owner moved a visit to where it can't be. Never the reason of a failure, only of an alert."""

    @classmethod
    def of_reason(cls, reason: str) -> "CalendarProblem | None":
        """Return the problem that a dead letter's reason names; None where the calendar is not the reason."""
        return next((problem for problem in cls if problem.value == reason), None)


class UnusableCalendarError(PermanentError):
    """The calendar can't be used until somebody has acted on its problem."""

    def __init__(self, problem: CalendarProblem, message: str = "") -> None:
        super().__init__(problem.value, message)
        self.problem = problem
