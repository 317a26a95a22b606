"""The pydantic settings that every message shares."""

import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.messages.limits import MAX_CLIENT_ID_CHARACTERS, MAX_REPLAYS


class Message(BaseModel):
    """Immutable; unknown fields are ignored, because changes to the protocol are additive."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_timedelta="float", hide_input_in_errors=True, defer_build=True
    )


NO_INPUT_IN_ERRORS = ConfigDict(hide_input_in_errors=True, defer_build=True)
"""For adapters of unions: a visitor's input must not reach a log through the text of an error."""


def is_absent(value: object) -> bool:
    """Return whether to leave a field out, so that a message without it is written as before there was this field."""
    return not value


_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _check_no_control_characters(text: str) -> str:
    if _CONTROL_CHARACTERS.search(text):
        raise ValueError("control characters are not allowed")
    return text


PLAIN_TEXT = AfterValidator(_check_no_control_characters)
"""For typed text: no control characters except line ends and tabs. Put it after the constraints."""

ClientId = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9._:-]{{1,{MAX_CLIENT_ID_CHARACTERS}}}$", strict=True)]
"""The id that a client gives a frame; a frame with the same id is the same command."""

QueuedId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]
"""An id in an envelope: it becomes a key in tables and part of a deduplication id, whose length is limited. The ingress
makes no longer ones; a message with a longer id is dead-lettered before a table refuses it."""

QueuedReplay = Annotated[int, Field(ge=0, le=MAX_REPLAYS)]
"""The number of a replay in an envelope; 0 is the original."""

ServiceId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
AppointmentId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9a-v]{8,64}$")]
LinkToken = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_.-]{20,600}$")]
"""The token in the fragment of a link in an e-mail (`shared/email_links.py`)."""

Instant = AwareDatetime
"""A point in time with its offset (RFC 3339 on the wire)."""
