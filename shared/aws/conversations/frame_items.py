"""Converts frames to items of the `conversations` table, with who answers after them, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from shared.aws.conversations.conversation_index import build_tenant_day
from shared.aws.items import from_item, to_item
from shared.conversations.takeover import Takeover
from shared.conversations.unformatted_frames import add_announcement
from shared.messages.server import SERVER_FRAME, ServerFrame
from shared.retention import CONVERSATION_RETENTION, compute_expiry

log = structlog.get_logger()

_FRAME_FORMAT = 2
"""Of a row's frame. Rows without the number are those of releases that had no `announces` in `chat.final`."""

_TAKEOVER_ATTRIBUTES = ("person_until", "person", "person_told")


def frame_to_item(
    session_id: str, frame: ServerFrame, *, takeover: Takeover | None, tenant: str | None, now: datetime
) -> dict[str, Any]:
    """Return the item of a numbered frame; with `tenant`, it is in the index of the tenant's day."""
    return to_item(
        {
            "session_id": session_id,
            "seq": frame.seq,
            "frame": frame.model_copy(update={"at": None}).to_wire_text(),
            "frame_format": _FRAME_FORMAT,
            "created_at": now.isoformat(),
            "tenant_day": build_tenant_day(tenant, now.date()) if tenant else None,
            "expires_at": compute_expiry(now, CONVERSATION_RETENTION),
            "person_until": takeover.until.isoformat() if takeover else None,
            "person": takeover.by if takeover else None,
            "person_told": takeover.is_announced if takeover else None,
        }
    )


def parse_takeover(item: dict[str, Any]) -> Takeover | None:
    """Return the takeover after a frame, active or not; None if there was none."""
    row = from_item({name: item[name] for name in _TAKEOVER_ATTRIBUTES if name in item})
    if "person_until" not in row:
        return None
    return Takeover(row["person"], datetime.fromisoformat(row["person_until"]), row["person_told"])


def parse_storage_times(items: Iterable[dict[str, Any]]) -> Mapping[int, datetime]:
    """Return when each frame was stored, by its number."""
    return {
        int(item["seq"]["N"]): datetime.fromisoformat(item["created_at"]["S"]) for item in items if "created_at" in item
    }


def parse_frame(item: dict[str, Any]) -> ServerFrame | None:
    """Return the stored frame; None for one that was erased, or that only a newer release knows.

    Neither may spoil the session.
    """
    if "frame" not in item:
        return None
    try:
        frame = SERVER_FRAME.validate_json(item["frame"]["S"])
    except ValidationError:
        row = from_item(item)
        log.warning("frame_unreadable", session_id=row["session_id"], seq=row["seq"])
        return None
    known = frame if "frame_format" in item else add_announcement(frame)
    return known.model_copy(update={"at": _parse_storage_time(item)})


def _parse_storage_time(item: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(item["created_at"]["S"]) if "created_at" in item else None
