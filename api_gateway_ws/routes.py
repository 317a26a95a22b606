"""Routes a text frame: returns a command, another request or a refusal; pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from api_gateway_ws.legacy_protocol import is_legacy_frame, parse_legacy_frame
from api_gateway_ws.sender import Sender
from shared.ids import derive_command_key
from shared.json_objects import is_json_array_or_null, parse_json_object
from shared.messages import client, commands
from shared.messages.client import (
    CLIENT_FRAME,
    CLIENT_FRAME_TYPES,
    AnyClientFrame,
    ChatFeedback,
    ChatStop,
    Hello,
    Ping,
)
from shared.messages.commands import COMMAND, AnyCommand
from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_FRAME_BYTES, PROTOCOL_VERSION
from shared.queueable_text import is_queueable

_MAX_ECHOED_ID = 64

_BYTE_ORDER_MARK = "\ufeff"

_QUESTION_ID = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class RefusedFrame:
    """A frame that is not accepted, however often it is sent.

    `detail` is for the client's developer and repeats no value of the frame.
    """

    code: ErrorCode
    re: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class StopRequest:
    """End the answer to the command with this key; `client_id` is that of the request."""

    key: str
    client_id: str | None = None


RoutedFrame = Hello | Ping | ChatFeedback | StopRequest | AnyCommand | RefusedFrame


def route_frame(
    text: str, sender: Sender, *, accepted_at: datetime, fresh_id: Callable[[], str], trace: str | None = None
) -> RoutedFrame:
    """Return what a frame asks for.

    Frames of protocol version 1 are JSON objects. No page of the predecessor sends an array or `null`; any other text
    is its protocol.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return RefusedFrame(ErrorCode.BAD_FRAME, detail="the frame is not valid Unicode")
    if size > MAX_FRAME_BYTES:
        return RefusedFrame(ErrorCode.TOO_LARGE, detail=f"a frame is at most {MAX_FRAME_BYTES} bytes")
    # Neither protocol has a byte-order mark; some programs write one before every text.
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if not text.strip():
        return RefusedFrame(ErrorCode.BAD_FRAME, detail="the frame is empty")
    if is_json_array_or_null(text):
        return RefusedFrame(ErrorCode.BAD_FRAME, detail="a frame is a JSON object")
    content = parse_legacy_frame(text, f"text-{fresh_id()}") if is_legacy_frame(text) else parse_json_object(text)
    if content is None:
        return RefusedFrame(ErrorCode.BAD_FRAME, detail="the frame is not valid JSON")
    frame = _parse_frame(content)
    if isinstance(frame, RefusedFrame | Hello | Ping | ChatFeedback):
        return frame
    if isinstance(frame, ChatStop):
        return StopRequest(derive_command_key(sender.tenant, sender.session_id, frame.data.id), frame.id)
    # Every query gets a key of its own: an answer that never arrived must not block the next query.
    query_id = fresh_id() if isinstance(frame, client.BookingSlots | client.BookingLookup) else ""
    key = derive_command_key(sender.tenant, sender.session_id, frame.id + query_id)
    return _build_command(frame, key, sender, accepted_at, trace)


def _parse_frame(content: dict[str, Any]) -> AnyClientFrame | RefusedFrame:
    frame_id = content.get("id")
    # A lone surrogate, which JSON can contain, is not printable and could not be sent back.
    can_echo = isinstance(frame_id, str) and 0 < len(frame_id) <= _MAX_ECHOED_ID and frame_id.isprintable()
    re = frame_id if can_echo else None
    if content.get("v") != PROTOCOL_VERSION or isinstance(content.get("v"), bool):
        return RefusedFrame(ErrorCode.BAD_FRAME, re, f"v must be {PROTOCOL_VERSION}")
    if not isinstance(content.get("type"), str):
        return RefusedFrame(ErrorCode.BAD_FRAME, re, "type must be a string")
    if content["type"] not in CLIENT_FRAME_TYPES:
        return RefusedFrame(ErrorCode.UNSUPPORTED_TYPE, re, "known types: " + ", ".join(sorted(CLIENT_FRAME_TYPES)))
    try:
        frame = CLIENT_FRAME.validate_python(content)
    except ValidationError as error:
        return _refuse_invalid_frame(error, re)
    for name, value in _list_values(frame.data.model_dump(mode="json", by_alias=True)):
        if not is_queueable(value):
            return RefusedFrame(_CODES_BY_FIELD.get(name, ErrorCode.BAD_FRAME), re, f"data.{name}: invalid_character")
    return frame


def _list_values(data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each field with its value; each answer as a field of its own, such as `answers.people`."""
    for name, value in data.items():
        if name == "answers" and value:
            yield from ((f"answers.{question_id}", answer) for question_id, answer in value.items())
        else:
            yield name, value


_CODES_BY_FIELD = {
    "contact": ErrorCode.INVALID_CONTACT,
    "start": ErrorCode.INVALID_TIME,
    "service": ErrorCode.UNKNOWN_SERVICE,
    "appointment_id": ErrorCode.UNKNOWN_APPOINTMENT,
    "code": ErrorCode.CODE_INVALID,
}
"""The refusal for a field that is present but invalid; other fields are `BAD_FRAME`."""

_INVALID_TEXT = frozenset({"string_too_short", "string_too_long", "string_unicode", "value_error"})
"""Problems of a text, by pydantic's names; `string_unicode` is half a surrogate pair."""


def _refuse_invalid_frame(error: ValidationError, re: str | None) -> RefusedFrame:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    first = problems[0]
    path = [str(part) for part in first["loc"][1:] if part != "[key]"]
    if path[:2] == ["data", "answers"] and len(path) > 2 and not _QUESTION_ID.fullmatch(path[2]):
        path[2:] = ["?"]  # what stands in place of an id may be anything that a visitor typed
    # The kind of problem, never the validator's text, which names internal classes and patterns.
    detail = f"{'.'.join(path) or 'frame'}: {first['type']}"
    if path in (["data", "text"], ["data", "reason"]) and first["type"] == "string_too_long":
        return RefusedFrame(ErrorCode.TOO_LARGE, re, detail)
    if len(path) == 2 and path[0] == "data" and first["type"] in _INVALID_TEXT:
        return RefusedFrame(_CODES_BY_FIELD.get(path[1], ErrorCode.BAD_FRAME), re, detail)
    if path == ["data", "appointment_id"] and first["type"] == "string_pattern_mismatch":
        return RefusedFrame(ErrorCode.UNKNOWN_APPOINTMENT, re, detail)
    return RefusedFrame(ErrorCode.BAD_FRAME, re, detail)


def _build_command(
    frame: client.CommandFrame, key: str, sender: Sender, accepted_at: datetime, trace: str | None
) -> AnyCommand:
    content = frame.model_dump(mode="python", by_alias=True)
    proof = {"proof": frame.proof, "takes_proof": True} if isinstance(frame, client.BookingCreate) else {}
    return COMMAND.validate_python(
        {
            "version": commands.ENVELOPE_VERSION,
            "id": key,
            "type": content["type"],
            "tenant": sender.tenant,
            "session_id": sender.session_id,
            "client_id": frame.id,
            "connection_id": sender.connection_id,
            "accepted_at": accepted_at,
            "locale": sender.locale,
            "trace": trace,
            "source_ip": sender.source_ip,
            "capabilities": frame.capabilities,
            "data": content["data"],
            **proof,
        }
    )
