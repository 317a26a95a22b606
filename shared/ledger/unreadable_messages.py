"""What a message that no worker of this release reads says of itself, as far as it may be true."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.messages.model import QueuedId, QueuedReplay
from shared.tenants.tenant_id import TENANT_ID

_ID: TypeAdapter[str] = TypeAdapter(QueuedId)
_REPLAY: TypeAdapter[int] = TypeAdapter(QueuedReplay)
_TYPE = re.compile(r"[a-z]{1,40}(\.[a-z_]{1,40}){1,2}")


def parse_identity(content: dict[str, Any] | None) -> tuple[str, int] | None:
    """Return the id and the replay of a message that no worker of this release reads, if it says its id.

    Another release may read it. So it is the failure that it would be there, also when a replay of it fails again.
    """
    content = content or {}
    try:
        return _ID.validate_python(content.get("id")), _REPLAY.validate_python(content.get("replay", 0), strict=True)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose message it is, in which conversation, and of which type; None is what nobody can tell."""

    tenant: str | None = None
    session_id: str | None = None
    type: str | None = None


def parse_origin(content: dict[str, Any] | None) -> Origin:
    """Return what a message that no worker of this release reads says of itself, as far as it may be true.

    Only our own parts may put anything on the queues, and the owner whose visitor was lost has to find it.
    """
    content = content or {}
    tenant, kind = content.get("tenant"), content.get("type")
    try:
        session_id = _ID.validate_python(content.get("session_id"))
    except ValidationError:
        session_id = None
    return Origin(
        tenant=tenant if isinstance(tenant, str) and TENANT_ID.fullmatch(tenant) else None,
        session_id=session_id,
        type=kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else None,
    )
