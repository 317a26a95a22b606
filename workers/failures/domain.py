"""What a dead letter says: the failure that it is, and whether somebody waits to hear of it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.consumer.delivery import Delivery
from shared.dead_letter_reasons import OTHER_VERSION, DeadLetterReason
from shared.ids import failure_id
from shared.json_objects import parse_json_object
from shared.ledger.failures import Failure
from shared.ledger.unreadable_messages import Origin, identity, origin
from shared.messages.commands import (
    ENVELOPE_VERSION,
    BookingCancel,
    BookingCreate,
    BookingReschedule,
    BookingResend,
    BookingVerify,
    ChatSend,
    Envelope,
)
from shared.messages.notices import Notice
from shared.trace import Trace

Told = ChatSend | BookingCreate | BookingVerify | BookingResend | BookingCancel | BookingReschedule
"""Commands that end in a frame that is kept. The answer to a question ages, and nobody waits for our own commands."""

Message = Envelope | Notice

_REASON = re.compile(r"[A-Za-z0-9_]{1,80}")
_MOST_ERROR_CHARACTERS = 1024
_MOST_GROUP_CHARACTERS = 128
_MOST_ATTEMPTS = 1_000_000


def failure_of(letter: Delivery, *, queue: str, message: Message | None, now: datetime) -> Failure:
    """Return the failure that a letter from the dead-letter queue of `queue` is; `message` is None if unreadable.

    A letter that is delivered again is the same failure: nothing but a letter without a time of its own depends on
    `now`.
    """
    said = letter.attributes or {}
    failed_at = now if letter.sent_at is None else datetime.fromtimestamp(letter.sent_at, UTC)
    content = None if message else parse_json_object(letter.body)
    command_id, replays = (message.id, message.replay) if message else identity(content) or (None, 0)
    whose = Origin(message.tenant, message.session_id, _type(message)) if message else origin(content)
    # A copy is made once more after a crash; the message that it was made of stays the same.
    first = command_id or f"message {said.get('message_id') or letter.message_id}"
    trace = Trace.parse(letter.trace)
    return Failure(
        failure_id=failure_id(queue, first),
        queue=queue,
        group=(said.get("group") or letter.group or "")[:_MOST_GROUP_CHARACTERS] or None,
        payload=letter.body,
        reason=_reason(said),
        error=said.get("error", "")[:_MOST_ERROR_CHARACTERS],
        attempts=_attempts(said),
        first_at=failed_at,
        last_at=failed_at,
        type=whose.type,
        tenant=whose.tenant,
        session_id=whose.session_id,
        command_id=command_id,
        trace=trace.root if trace else None,
        replays=replays,
    )


def waiting(message: Message | None) -> Told | None:
    """Return the command whose visitor has to hear how it ended."""
    return message if isinstance(message, Told) else None


def as_if_of_this_version(body: str, problem: DeadLetterReason) -> str | None:
    """Return a message of another version as one of ours; None if its version is not the `problem`.

    What it wants may mean something else there: it is good for finding who waits, and for nothing more.
    """
    content = parse_json_object(body) if problem in OTHER_VERSION else None
    return None if content is None else json.dumps({**content, "version": ENVELOPE_VERSION})


def _type(message: Message) -> str | None:
    kind = getattr(message, "type", None)
    return str(kind) if kind else None


def _reason(said: Mapping[str, str]) -> str:
    reason = said.get("reason", DeadLetterReason.RECEIVES_EXHAUSTED)
    return reason if _REASON.fullmatch(reason) else "unknown"


def _attempts(said: Mapping[str, str]) -> int:
    attempts = said.get("attempts", "")
    # Only ASCII: `isdigit` takes more than `int` does.
    return min(int(attempts), _MOST_ATTEMPTS) if re.fullmatch(r"[0-9]{1,9}", attempts) else 0
