"""The errors of Google Calendar, in Google's JSON.

Reasons and shapes follow https://developers.google.com/workspace/calendar/api/guides/errors.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]


@dataclass(eq=False)
class ApiError(Exception):
    """A refused request."""

    status: HTTPStatus
    reason: str
    message: str
    domain: str = "global"
    location_type: str | None = None
    location: str | None = None

    def build_body(self) -> Json:
        """Return the JSON that Google sends along with the status."""
        entry: Json = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location is not None:
            entry |= {"locationType": self.location_type, "location": self.location}
        return {"error": {"errors": [entry], "code": int(self.status), "message": self.message}}


def build_invalid_error(message: str, location: str | None = None) -> ApiError:
    """Refuse a value; `location` is the name of its query parameter."""
    kind = None if location is None else "parameter"
    return ApiError(HTTPStatus.BAD_REQUEST, "invalid", message, location_type=kind, location=location)


def build_missing_value_error(message: str) -> ApiError:
    """Refuse a request without a required value."""
    return ApiError(HTTPStatus.BAD_REQUEST, "required", message)


def build_bad_request_error(message: str = "Bad Request") -> ApiError:
    """Refuse a combination of parameters."""
    return ApiError(HTTPStatus.BAD_REQUEST, "badRequest", message)


def build_time_range_error(reason: str, message: str) -> ApiError:
    """Refuse a time range with an error of the domain `calendar`."""
    return ApiError(HTTPStatus.BAD_REQUEST, reason, message, "calendar", "parameter", "timeMax")


def build_empty_time_range_error() -> ApiError:
    """Refuse an end that is not later than its start."""
    return build_time_range_error("timeRangeEmpty", "The specified time range is empty.")


def build_invalid_credentials_error(reason: str = "authError", message: str = "Invalid Credentials") -> ApiError:
    """Refuse a caller without a valid token."""
    return ApiError(HTTPStatus.UNAUTHORIZED, reason, message, "global", "header", "Authorization")


def build_insufficient_scopes_error() -> ApiError:
    """Refuse a token whose scopes do not include the method."""
    message = "Request had insufficient authentication scopes."
    return ApiError(HTTPStatus.FORBIDDEN, "insufficientPermissions", message)


def build_forbidden_attendees_error() -> ApiError:
    """Refuse attendees that a service account invites on its own behalf."""
    message = "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
    return ApiError(HTTPStatus.FORBIDDEN, "forbiddenForServiceAccounts", message, "calendar")


def build_writer_access_error() -> ApiError:
    """Refuse a change of a calendar that is shared for reading only."""
    message = "You need to have writer access to this calendar."
    return ApiError(HTTPStatus.FORBIDDEN, "requiredAccessLevel", message, "calendar")


def build_not_found_error() -> ApiError:
    """Refuse an unknown calendar or event."""
    return ApiError(HTTPStatus.NOT_FOUND, "notFound", "Not Found")


def build_duplicate_error() -> ApiError:
    """Refuse an id that was used before, even if its event is deleted."""
    return ApiError(HTTPStatus.CONFLICT, "duplicate", "The requested identifier already exists.")


def build_already_deleted_error() -> ApiError:
    """Refuse to delete an event again."""
    return ApiError(HTTPStatus.GONE, "deleted", "Resource has been deleted")


def build_full_sync_error() -> ApiError:
    """Refuse a sync token that is no longer valid."""
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(HTTPStatus.GONE, "fullSyncRequired", message, "calendar", "parameter", "syncToken")


def build_updated_min_error() -> ApiError:
    """Refuse an `updatedMin` from before the time for which deletions are kept."""
    message = "The requested minimum modification time lies too far in the past."
    return ApiError(HTTPStatus.GONE, "updatedMinTooLongAgo", message, "calendar", "parameter", "updatedMin")


def build_condition_error() -> ApiError:
    """Refuse a write because the event has changed since its etag was read."""
    return ApiError(
        HTTPStatus.PRECONDITION_FAILED,
        "conditionNotMet",
        "Precondition Failed",
        "global",
        "header",
        "If-Match",
    )
