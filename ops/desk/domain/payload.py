"""Reads a failure's payload as the message that it is, and writes other `data` into it."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ops.desk.domain.contacts import with_contact
from ops.desk.domain.values import FieldProblem, FieldProblemKind, Invalid, NotPossible, Why
from shared.consumer.decode import Decoder, UndecodableError
from shared.json_objects import parse_json_object
from shared.ledger.failures import Failure
from shared.ledger.unreadable_messages import identity
from shared.messages.commands import (
    BOOKING_COMMAND,
    CHAT_COMMAND,
    ChatSend,
    InternalBookingCommand,
    InternalCommand,
    VisitorBookingCommand,
)
from shared.messages.notices import NOTICE, AnyNotice, AppointmentNotice, Notice
from shared.validation import describe_problem
from workers.booking.facade import ContactRules

Queued = ChatSend | VisitorBookingCommand | InternalBookingCommand | AnyNotice

_MESSAGES: dict[str, TypeAdapter[Any]] = {
    "chat": CHAT_COMMAND,
    "booking": BOOKING_COMMAND,
    "notifications": NOTICE,
}
_EDITABLE_IN_NOTICES = frozenset({"contact", "contact_kind", "name"})
"""Where a notice goes. The rest follows from the appointment: a code for another one is nobody's to ask for."""


def read(failure: Failure) -> Queued | None:
    """Return the message, or None if its queue's worker would not understand it."""
    if failure.queue not in _MESSAGES:
        return None
    try:
        message: Queued = Decoder(_MESSAGES[failure.queue]).decode(failure.payload)
    except UndecodableError:
        return None
    return message


def data_of(message: Queued) -> dict[str, Any]:
    """Return what the message says, in the words of the wire."""
    data: dict[str, Any] = message.data.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def editable_fields(message: Queued | None) -> frozenset[str]:
    """Return the names of those fields of `data` that may be changed.

    What the backend asks of itself follows from its id, and an alert has nothing that could be mended.
    """
    if message is None or isinstance(message, InternalCommand):
        return frozenset()
    if isinstance(message, Notice):
        return _EDITABLE_IN_NOTICES if isinstance(message, AppointmentNotice) else frozenset()
    return frozenset(field.alias or name for name, field in type(message.data).model_fields.items())


def goes_to_a_contact(failure: Failure) -> bool:
    """Whether it is a notice to a visitor, whose contact is checked when it is edited."""
    return isinstance(read(failure), AppointmentNotice)


def rewritten(
    failure: Failure, data: Mapping[str, Any], contacts: ContactRules | None = None
) -> tuple[str, list[str]] | Invalid | NotPossible:
    """Return the payload with other data, and the names of the fields that it changes.

    `data` is the whole of it; only what may be edited may be missing from a notice's. An empty text stands for a
    field that is not given. Everything around `data` stays: the ids, and so the effects, are the same. What goes to
    a contact can't be edited without the rules for `contacts`.
    """
    message = read(failure)
    allowed = editable_fields(message)
    if message is None or not allowed:
        return NotPossible(Why.NOT_EDITABLE)
    before = data_of(message)
    given = {str(name): value for name, value in data.items()}
    if isinstance(message, Notice):
        given = {**before, **given}
    if problems := _not_allowed(given, before, allowed):
        return Invalid(problems)
    if isinstance(message, AppointmentNotice):
        checked = with_contact(before, given, contacts) if contacts else NotPossible(Why.NOT_EDITABLE)
        if not isinstance(checked, dict):
            return checked
        given = checked
    required = {field.alias or name for name, field in type(message.data).model_fields.items() if field.is_required()}
    given = {name: value for name, value in given.items() if value not in ("", None) or name in required}
    envelope = {**message.model_dump(mode="json", by_alias=True), "data": given}
    try:
        changed: Queued = _MESSAGES[failure.queue].validate_json(json.dumps(envelope, default=_plain))
    except ValidationError as error:
        return Invalid(_problems(error))
    after = data_of(changed)
    fields = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return changed.model_dump_json(by_alias=True), fields


def numbered(failure: Failure) -> str | None:
    """Return the payload as replay number `failure.replays`; None if it is no JSON object with an id.

    What this release can't read is left as it is otherwise: another one may.
    """
    envelope = parse_json_object(failure.payload)
    if envelope is None or identity(envelope) is None:
        return None
    return json.dumps({**envelope, "replay": failure.replays}, separators=(",", ":"))


def asked_at(failure: Failure) -> datetime:
    """Return when the message was accepted; of what does not say so, when it failed first."""
    message = read(failure)
    return message.accepted_at if message else failure.first_at


_FIXED = FieldProblem(FieldProblemKind.FIXED, "this can't be changed")
_UNKNOWN_FIELD = FieldProblem(FieldProblemKind.UNKNOWN_FIELD, "there is no such field")


def _not_allowed(
    given: Mapping[str, Any], before: Mapping[str, Any], allowed: frozenset[str]
) -> dict[str, FieldProblem]:
    problems = {}
    for name, value in given.items():
        if name in allowed or before.get(name) == value:
            continue
        problems[name] = _FIXED if name in before else _UNKNOWN_FIELD
    return problems


_KINDS = {
    "missing": FieldProblemKind.MISSING,
    "string_too_short": FieldProblemKind.MISSING,
    "string_too_long": FieldProblemKind.TOO_LONG,
}
"""What pydantic calls the problems that an operator can be told more of than that the value is invalid."""


def _problems(error: ValidationError) -> dict[str, FieldProblem]:
    """Return what is wrong, without what was given: it may end up in a terminal's scrollback or a log."""
    found: dict[str, FieldProblem] = {}
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        name = ".".join(path[path.index("data") + 1 :]) if "data" in path else ""
        kind = _KINDS.get(problem["type"], FieldProblemKind.INVALID)
        limit = problem.get("ctx", {}).get("max_length")
        found.setdefault(name, FieldProblem(kind, describe_problem(problem), limit))
    return found


def _plain(value: object) -> str:
    """Return what YAML has read as a date or a time in the form of the wire."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a message")
