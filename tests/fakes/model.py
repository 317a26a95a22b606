"""A model that plays the scripts of a test."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass

from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import TransientError
from shared.messages.server import Usage
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.prompt import Prompt
from workers.chat.ports import Finished, ModelEvent, TextDelta

USAGE = Usage(input_tokens=100, output_tokens=20, cache_read_tokens=50, cache_write_tokens=10)


@dataclass(frozen=True, slots=True)
class Do:
    """An action of the test during an answer, such as a stop of the visitor or the loss of a lease."""

    action: Callable[[], Awaitable[object] | None]


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause during an answer."""

    seconds: float


Step = str | ModelEvent | Exception | Do | Pause
"""A string is a piece of text; an exception is raised at its position."""


class FakeModel:
    """A `Model`: each call plays the next script; further calls repeat the last one.

    A script without `Finished` gets one with `USAGE`, which every complete answer has.
    """

    def __init__(self, *scripts: Iterable[Step]) -> None:
        self._scripts = [list(script) for script in scripts] or [["Hello!"]]
        self.prompts: list[Prompt] = []
        self.closed = 0
        """The number of streams that were closed, at their end or before."""
        self._streams: list[AsyncGenerator[ModelEvent]] = []

    def stream(self, prompt: Prompt, *, deadline: Deadline) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events; the last one is `Finished`."""
        # The reference keeps the garbage collector from closing a stream that its reader did not close.
        self._streams.append(self._play(prompt, deadline))
        return self._streams[-1]

    async def _play(self, prompt: Prompt, deadline: Deadline) -> AsyncGenerator[ModelEvent]:
        script = self._scripts[min(len(self.prompts), len(self._scripts) - 1)]
        self.prompts.append(prompt)
        try:
            for step in script:
                await asyncio.sleep(0)
                match step:
                    case str():
                        yield TextDelta(step)
                    case Exception():
                        raise step
                    case Pause(seconds):
                        await _pause(seconds, deadline)
                    case Do(action):
                        outcome = action()
                        if outcome is not None:
                            await outcome
                    case _:
                        yield step
            if not any(isinstance(step, Finished) for step in script):
                yield Finished(USAGE, "end_turn")
        finally:
            self.closed += 1


async def _pause(seconds: float, deadline: Deadline) -> None:
    try:
        async with asyncio.timeout_at(deadline.at):
            await asyncio.sleep(seconds)
    except TimeoutError:
        raise TransientError("silent until the deadline", reason=DeadLetterReason.TIMEOUT) from None
