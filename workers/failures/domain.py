"""Derives from a dead letter the failure that it represents, and the command whose visitor must be notified."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.consumer.delivery import Delivery
from shared.dead_letter_reasons import OTHER_VERSION, DeadLetterReason
from shared.ids import derive_failure_id
from shared.json_objects import parse_json_object
from shared.ledger.failures import Failure
from shared.ledger.unreadable_messages import Origin, parse_identity, parse_origin
from shared.messages.commands import (
    ENVELOPE_VERSION,
    BookingCancel,
    BookingCreate,
    BookingLookup,
    BookingQuery,
    BookingReschedule,
    BookingResend,
    BookingSlots,
    BookingVerify,
    ChatSend,
    Envelope,
    HandoverRequest,
    SessionEnd,
    TranscriptRequest,
)
from shared.messages.notices import Notice
from shared.trace import Trace

NotifiableCommand = (
    ChatSend
    | HandoverRequest
    | BookingCreate
    | BookingVerify
    | BookingResend
    | BookingCancel
    | BookingReschedule
    | TranscriptRequest
    | SessionEnd
)
"""Commands that end in a durable frame, so their visitor is notified of a failure.

The answer to a query is soon out of date, and no visitor waits for an internal command.
"""

Message = Envelope | Notice

_REASON = re.compile(r"[A-Za-z0-9_]{1,80}")
_MAX_ERROR_CHARACTERS = 1024
_MAX_GROUP_CHARACTERS = 128
_MAX_ATTEMPTS = 1_000_000


def build_failure(dead_letter: Delivery, *, queue: str, message: Message | None, now: datetime) -> Failure:
    """Return the failure for a dead letter of `queue`; `message` is None if the body can't be decoded.

    A dead letter that is delivered again gives the same failure: `now` is used only where SQS sent no timestamp.
    """
    attributes = dead_letter.attributes or {}
    failed_at = now if dead_letter.sent_at is None else datetime.fromtimestamp(dead_letter.sent_at, UTC)
    content = None if message else parse_json_object(dead_letter.body)
    command_id, replays = (message.id, message.replay) if message else parse_identity(content) or (None, 0)
    source = (
        Origin(message.tenant, message.session_id, _find_message_type(message)) if message else parse_origin(content)
    )
    # After a crash a message may be copied twice: its own id is the same in both copies, the copy's id is not.
    identifier = command_id or f"message {attributes.get('message_id') or dead_letter.message_id}"
    trace = Trace.parse(dead_letter.trace)
    return Failure(
        failure_id=derive_failure_id(queue, identifier),
        queue=queue,
        group=(attributes.get("group") or dead_letter.group or "")[:_MAX_GROUP_CHARACTERS] or None,
        payload=dead_letter.body,
        reason=_parse_reason(attributes),
        error=attributes.get("error", "")[:_MAX_ERROR_CHARACTERS],
        attempts=_parse_attempts(attributes),
        first_at=failed_at,
        last_at=failed_at,
        type=source.type,
        tenant=source.tenant,
        session_id=source.session_id,
        command_id=command_id,
        trace=trace.root if trace else None,
        replays=replays,
    )


def find_notifiable_command(message: Message | None) -> NotifiableCommand | None:
    """Return the message if it is a command whose visitor must learn how it ended, or else None."""
    return message if isinstance(message, NotifiableCommand) else None


def needs_record(message: Message | None) -> bool:
    """Return whether the failure is recorded: that of a query is not.

    A query changes nothing, and nobody waits for its answer when an operator replays it. But a failure that an operator
    has replayed must get the outcome of the replay.
    """
    return message is None or message.replay > 0 or not isinstance(message, BookingSlots | BookingLookup | BookingQuery)


def convert_to_current_version(body: str, problem: DeadLetterReason) -> str | None:
    """Return a message of another version with the version of this release; None if the `problem` is another one.

    Its fields may mean something else in the other version: use the result to find the visitor, never to process it.
    """
    content = parse_json_object(body) if problem in OTHER_VERSION else None
    return None if content is None else json.dumps({**content, "version": ENVELOPE_VERSION})


def _find_message_type(message: Message) -> str | None:
    kind = getattr(message, "type", None)
    return str(kind) if kind else None


def _parse_reason(attributes: Mapping[str, str]) -> str:
    reason = attributes.get("reason", DeadLetterReason.RECEIVES_EXHAUSTED)
    return reason if _REASON.fullmatch(reason) else "unknown"


def _parse_attempts(attributes: Mapping[str, str]) -> int:
    attempts = attributes.get("attempts", "")
    # Only ASCII digits: `isdigit` accepts more than `int` does.
    return min(int(attempts), _MAX_ATTEMPTS) if re.fullmatch(r"[0-9]{1,9}", attempts) else 0
