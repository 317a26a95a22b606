"""Decodes a failure's payload, and replaces the `data` in it."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ops.desk.domain.contacts import normalize_contact
from ops.desk.domain.transitions import find_replay_time
from ops.desk.domain.values import FieldProblem, FieldProblemKind, Invalid, NotPossible, NotPossibleReason
from shared.consumer.decode import Decoder, UndecodableError
from shared.json_objects import parse_json_object
from shared.ledger.failures import Failure
from shared.ledger.unreadable_messages import parse_identity
from shared.messages.commands import (
    BOOKING_COMMAND,
    CHAT_COMMAND,
    ChatCommand,
    InternalBookingCommand,
    InternalCommand,
    VisitorBookingCommand,
)
from shared.messages.notices import NOTICE, AnyNotice, AppointmentNotice, Notice
from shared.validation import describe_problem
from workers.booking.facade import ContactRules

Queued = ChatCommand | VisitorBookingCommand | InternalBookingCommand | AnyNotice

_MESSAGES: dict[str, TypeAdapter[Any]] = {
    "chat": CHAT_COMMAND,
    "booking": BOOKING_COMMAND,
    "notifications": NOTICE,
}
_EDITABLE_IN_NOTICES = frozenset({"contact", "contact_kind", "name"})
"""The recipient. All other fields follow from the appointment; nobody may have a code for another one sent."""


def parse_message(failure: Failure) -> Queued | None:
    """Return the message, or None if the worker of its queue could not decode it."""
    if failure.queue not in _MESSAGES:
        return None
    try:
        message: Queued = Decoder(_MESSAGES[failure.queue]).decode(failure.payload)
    except UndecodableError:
        return None
    return message


def extract_message_data(message: Queued) -> dict[str, Any]:
    """Return the `data` of the message, with the field names of the wire."""
    data: dict[str, Any] = message.data.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def list_editable_fields(message: Queued | None) -> frozenset[str]:
    """Return the names of the fields of `data` that may be changed.

    The data of an internal command follows from its id, and an alert has nothing to correct.
    """
    if message is None or isinstance(message, InternalCommand):
        return frozenset()
    if isinstance(message, Notice):
        return _EDITABLE_IN_NOTICES if isinstance(message, AppointmentNotice) else frozenset()
    return frozenset(field.alias or name for name, field in type(message.data).model_fields.items())


def is_sent_to_contact(failure: Failure) -> bool:
    """Return whether it is a notice to a visitor, so that an edit checks the contact."""
    return isinstance(parse_message(failure), AppointmentNotice)


def rewrite_payload(
    failure: Failure, data: Mapping[str, Any], contacts: ContactRules | None = None
) -> tuple[str, list[str]] | Invalid | NotPossible:
    """Return the payload with new data, and the names of the fields that it changes.

    `data` replaces all fields; only for a notice, missing fields keep their values. An empty text means that a field is
    not given. Everything around `data` stays, so the ids and the effects derived from them are the same. A message
    that is sent to a contact can't be edited without the rules for `contacts`.
    """
    message = parse_message(failure)
    allowed = list_editable_fields(message)
    if message is None or not allowed:
        return NotPossible(NotPossibleReason.NOT_EDITABLE)
    before = extract_message_data(message)
    after = {str(name): value for name, value in data.items()}
    if isinstance(message, Notice):
        after = {**before, **after}
    if problems := _find_forbidden_changes(before, after, allowed):
        return Invalid(problems)
    if isinstance(message, AppointmentNotice):
        checked = (
            normalize_contact(before, after, contacts) if contacts else NotPossible(NotPossibleReason.NOT_EDITABLE)
        )
        if not isinstance(checked, dict):
            return checked
        after = checked
    required = {field.alias or name for name, field in type(message.data).model_fields.items() if field.is_required()}
    after = {name: value for name, value in after.items() if value not in ("", None) or name in required}
    envelope = {**message.model_dump(mode="json", by_alias=True), "data": after}
    try:
        changed: Queued = _MESSAGES[failure.queue].validate_json(json.dumps(envelope, default=_format_instant))
    except ValidationError as error:
        return Invalid(_describe_problems(error))
    written = extract_message_data(changed)
    fields = [name for name in {**before, **written} if before.get(name) != written.get(name)]
    return changed.model_dump_json(by_alias=True), fields


def build_replay_payload(failure: Failure) -> str | None:
    """Return the payload as replay number `failure.replays`; None if it is not a JSON object with an id.

    A payload that this release can't decode is not changed otherwise: another release may decode it.
    """
    envelope = parse_json_object(failure.payload)
    if envelope is None or parse_identity(envelope) is None:
        return None
    replay = {"replay": failure.replays, "replayed_at": find_replay_time(failure).isoformat()}
    return json.dumps({**envelope, **replay}, separators=(",", ":"))


def find_acceptance_time(failure: Failure) -> datetime:
    """Return when the message was accepted; for an unreadable one, when it first failed."""
    message = parse_message(failure)
    return message.accepted_at if message else failure.first_at


_FIXED = FieldProblem(FieldProblemKind.FIXED, "this can't be changed")
_UNKNOWN_FIELD = FieldProblem(FieldProblemKind.UNKNOWN_FIELD, "there is no such field")


def _find_forbidden_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], allowed: frozenset[str]
) -> dict[str, FieldProblem]:
    problems = {}
    for name, value in after.items():
        if name in allowed or before.get(name) == value:
            continue
        problems[name] = _FIXED if name in before else _UNKNOWN_FIELD
    return problems


_PROBLEM_KINDS = {
    "missing": FieldProblemKind.MISSING,
    "string_too_short": FieldProblemKind.MISSING,
    "string_too_long": FieldProblemKind.TOO_LONG,
}
"""The error types of pydantic that have a kind of their own; all others are invalid values."""


def _describe_problems(error: ValidationError) -> dict[str, FieldProblem]:
    """Return what is wrong, without the values: it may end up in a terminal's scrollback or in a log."""
    problems: dict[str, FieldProblem] = {}
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        name = ".".join(path[path.index("data") + 1 :]) if "data" in path else ""
        kind = _PROBLEM_KINDS.get(problem["type"], FieldProblemKind.INVALID)
        limit = problem.get("ctx", {}).get("max_length")
        problems.setdefault(name, FieldProblem(kind, describe_problem(problem), limit))
    return problems


def _format_instant(value: object) -> str:
    """Return a date or a time that YAML has parsed, in the format of the wire."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"a message can't contain a {type(value).__name__}")
