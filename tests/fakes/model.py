"""A model that says what the test wrote down for it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass

from shared.messages.server import Usage
from workers.chat.domain import Prompt
from workers.chat.ports import Finished, ModelEvent, TextDelta

USAGE = Usage(input_tokens=100, output_tokens=20, cache_read_tokens=50, cache_write_tokens=10)


@dataclass(frozen=True, slots=True)
class Do:
    """Something that the test does in the middle of an answer: the visitor stops, a lease is lost."""

    action: Callable[[], Awaitable[object] | None]


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence in the middle of an answer."""

    seconds: float


Step = str | ModelEvent | Exception | Do | Pause
"""A string is a piece of text; an exception is raised where it stands."""


class FakeModel:
    """A `Model`: each call plays the next script, the last one for ever.

    A script that ends without `Finished` gets one with `USAGE`, as every answer that is whole has one.
    """

    def __init__(self, *scripts: Iterable[Step]) -> None:
        self._scripts = [list(script) for script in scripts] or [["Hello!"]]
        self.prompts: list[Prompt] = []
        self.closed = 0
        """How many streams were closed, to their end or before."""
        self._streams: list[AsyncGenerator[ModelEvent]] = []

    def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events; the last one is `Finished`."""
        # Kept, so that a stream which its reader forgets is not closed by the garbage collector.
        self._streams.append(self._play(prompt))
        return self._streams[-1]

    async def _play(self, prompt: Prompt) -> AsyncGenerator[ModelEvent]:
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
                        await asyncio.sleep(seconds)
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
