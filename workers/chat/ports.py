"""The ports that only chat needs: the model, and the limits of what it may cost."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from shared.messages.answers import QueryAnswer
from shared.messages.commands import TimesQuery, VisitsQuery
from shared.messages.server import Usage
from shared.spending.values import Purpose
from shared.spending.values import Reservation as CallReservation
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tool import ToolContext


class ModelFailure(StrEnum):
    """Why the model gave no answer; each value is the reason of a dead letter."""

    BUSY = "model_busy"
    """It throttled every call, or was not ready."""
    QUOTA = "model_quota"
    """The account's quota for it is used up."""
    DOWN = "model_down"
    """It failed so often that it is not called for a while."""
    FAILED = "model_failed"


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of one of the answer's blocks."""

    text: str
    block: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model calls a tool; the input is untrusted until it is checked."""

    name: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restarted:
    """A try failed in its answer: what came so far is void, and the next text is the answer from its beginning."""


DEADLINE = "deadline"
"""The stop reason of an answer that the deadline ended."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete, or ended by a limit (`stop_reason`)."""

    usage: Usage
    stop_reason: str
    model_id: str = ""


ModelEvent = TextDelta | ToolCall | Restarted | Finished


class Model(Protocol):
    """Streams an answer: one call of one model."""

    def stream(self, prompt: Prompt, *, deadline: Deadline) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events; the last one is `Finished`.

        Raises:
            TransientError: another call may succeed. The reason is a `ModelFailure`, or `timeout` when nothing came
                for too long, or until the deadline; `retry_after` is what the model asked for.
            PermanentError: the model refuses the request, or may not be invoked.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What one call of a model is about to be spent on."""

    tenant: str
    command_id: str
    number: int
    """Of the call within the command's attempt, from 1."""
    model_id: str
    prompt: Prompt
    session_id: str = ""
    claim_key: str = ""
    claim_attempt: int = 1
    """Of the command: another worker's attempt makes calls of its own."""
    source_ip: str = ""
    """The visitor's address; empty if it is unknown."""
    purpose: Purpose = Purpose.ANSWER


@dataclass(frozen=True, slots=True)
class ModelAttempt:
    """The record of one call of a model, however it ended."""

    model_id: str
    number: int
    """Of the call within the command's attempt, from 1."""
    outcome: str
    """The stop reason of the model, `deadline`, `stopped` (the visitor or the worker), or the failure's reason."""
    milliseconds: float
    usage: Usage | None = None
    """What the model reported; None if it did not."""
    estimated_usage: Usage | None = None
    """Of a call that wrote something and whose usage was not reported: it is billed as well."""
    has_failed: bool = False
    """Whether the visitor got nothing of it: `outcome` is the reason then."""
    is_fallback: bool = False
    """Whether it was the second model that was called."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a call may cost at most is set aside until the call is recorded."""

    request: ModelRequest
    nano_dollars: int = 0
    held: CallReservation | None = None
    """What the table has of it; None where nothing is set aside."""


@dataclass(frozen=True, slots=True)
class OverCap:
    """The call would cost more than the business allows."""


class BookingQueries(Protocol):
    """Asks the booking worker about free times and visits; that changes nothing."""

    async def ask(self, query: TimesQuery | VisitsQuery, context: ToolContext) -> QueryAnswer | None:
        """Return the answer; None if none came within seconds, or by the deadline, or nobody could be asked."""
        ...


class Spending(Protocol):
    """What calls of models cost a business, and what they may cost."""

    async def reserve(self, request: ModelRequest) -> Reservation | OverCap:
        """Set the highest cost of a call aside before it is made."""
        ...

    async def release(self, reservation: Reservation) -> None:
        """Take a reservation back, without a trace: the call is not made."""
        ...

    async def record_attempt(self, reservation: Reservation, attempt: ModelAttempt) -> int:
        """Replace a reservation by what the call cost; return that, in nano-dollars.

        Raises:
            TransientError: the record could not be written; the reservation stays, and counts in full.
        """
        ...
