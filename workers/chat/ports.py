"""The port that only chat needs: the model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from shared.messages.server import Usage
from workers.chat.domain.prompt import Prompt


class ModelFailure(StrEnum):
    """Why the model gave no answer; each value is the reason of a dead letter."""

    BUSY = "model_busy"
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
class Finished:
    """The answer is complete."""

    usage: Usage
    stop_reason: str


ModelEvent = TextDelta | ToolCall | Finished


class Model(Protocol):
    """Streams an answer."""

    def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events; the last one is `Finished`.

        Raises:
            TransientError: `model_busy` when throttled or not ready, `timeout` when no event comes.
            PermanentError: the model refuses the request.
        """
        ...
