"""Who sent a frame."""

from dataclasses import dataclass
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
