"""Who sent a frame."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.messages.server import Resume


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a frame: what the authorizer granted, and the connection over which the frame came."""

    tenant: str
    session_id: str
    connection_id: str
    locale: str
    resume: "Resume" = "new"
    source_ip: str = ""
    is_rotation_due: bool = False
    """Whether the resume token with which the connection was opened has to be replaced."""
    connected_at: datetime | None = None
    limited_until: datetime | None = None
    """Until when frames are refused, if the connection was opened over a limit: then it is not registered, either."""
    rates: str = ""
    """The rate limits that the business has set."""
