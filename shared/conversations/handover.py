"""A visitor's requests for a person, and whether somebody of the business still has to answer them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

ALERT_PAUSE = timedelta(minutes=10)
"""A conversation causes no second alert for this long, however often its visitor asks."""

MAX_REQUESTS = 10
"""How many requests of a conversation are kept; those without a note and a contact are dropped first."""


@dataclass(frozen=True, slots=True)
class StaffRequest:
    """One `handover.request`."""

    command_id: str
    at: datetime
    note: str = field(default="", repr=False)
    contact: str = field(default="", repr=False)
    """An e-mail address, or a number in E.164 format."""


@dataclass(frozen=True, slots=True)
class Handover:
    """The requests of one conversation, oldest first, and whether its visitor waits for a person."""

    requests: tuple[StaffRequest, ...] = ()
    waiting_since: datetime | None = None
    """None if nobody waits: staff took over, or cleared the mark."""
    waiting_for: str = ""
    """The command with which the wait began."""
    alerted_at: datetime | None = None
    alerted_for: str = ""
    """The command that caused the last alert."""
    cleared_at: datetime | None = None
    cleared_by: str = ""
    """The staff member who ended the last wait, as they signed in."""

    def causes_alert(self, command_id: str) -> bool:
        """Return whether the business is alerted because of this command; also when it is processed again."""
        return self.waiting_since is not None and self.alerted_for == command_id

    def is_repeated(self, command_id: str) -> bool:
        """Return whether the visitor waited already when the command came."""
        return self.waiting_for != command_id


def add_request(before: Handover | None, request: StaffRequest, *, now: datetime, waits: bool) -> Handover:
    """Return the requests with one more; nothing changes if it was added before.

    With `waits`, the visitor waits from then on; without, a person answers already, and only the request is kept.
    """
    handover = before or Handover()
    if any(known.command_id == request.command_id for known in handover.requests):
        return handover
    handover = replace(handover, requests=_keep_latest((*handover.requests, request)))
    if not waits:
        return handover
    if handover.waiting_since is None:
        handover = replace(
            handover,
            waiting_since=request.at,
            waiting_for=request.command_id,
            cleared_at=None,
            cleared_by="",
        )
    if handover.alerted_at is None or now - handover.alerted_at >= ALERT_PAUSE:
        handover = replace(handover, alerted_at=now, alerted_for=request.command_id)
    return handover


def end_wait(before: Handover | None, *, by: str, at: datetime) -> Handover | None:
    """Return the requests after staff took care of them; None if nobody waits."""
    if before is None or before.waiting_since is None:
        return None
    return replace(before, waiting_since=None, waiting_for="", cleared_at=at, cleared_by=by)


def _keep_latest(requests: tuple[StaffRequest, ...]) -> tuple[StaffRequest, ...]:
    while len(requests) > MAX_REQUESTS:
        # Never the latest one: its command may be processed again.
        empty = (index for index, one in enumerate(requests[:-1]) if not (one.note or one.contact))
        drop = next(empty, 0)
        requests = requests[:drop] + requests[drop + 1 :]
    return requests
