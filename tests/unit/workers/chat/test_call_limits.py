"""How long the adapter waits for a model in each part of a call."""

import asyncio

from shared.errors import TransientError
from tests.fakes.turned_loop import run_turned
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt

PROMPT = Prompt("instructions", "situation", (Turn("user", "Hello"),), (), None, 800)
WORD = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "word "}}}
BEGINNING = {"messageStart": {"role": "assistant"}}
END = {"messageStop": {"stopReason": "end_turn"}}


class SlowBedrock:
    """Sends headers after some seconds, and each event after its own."""

    def __init__(self, headers_seconds, *events):
        self.headers_seconds = headers_seconds
        self.events = iter(events)
        self.is_closed = False

    async def converse_stream(self, **_):
        await asyncio.sleep(self.headers_seconds)
        return {"stream": self}

    def __aiter__(self):
        return self

    async def __anext__(self):
        seconds, event = next(self.events, (0, None))
        await asyncio.sleep(seconds)
        if event is None:
            raise StopAsyncIteration
        return event

    def close(self):
        self.is_closed = True


async def measure(bedrock, deadline_seconds):
    """Return the virtual seconds of a call, and the reason of its failure."""
    model, loop = BedrockModel(client=bedrock, default_model_id="model"), asyncio.get_running_loop()
    began = loop.time()
    try:
        async for _ in model.stream(PROMPT, deadline=Deadline(began + deadline_seconds)):
            pass
    except TransientError as error:
        return loop.time() - began, error.reason
    return loop.time() - began, None


def test_each_part_of_a_call_has_its_limit():
    """Headers, first word, the next event, and the deadline for all; the connection is closed."""
    for headers, events, deadline, expected in [
        (600, [], 45, (10, "timeout")),
        (600, [], 4, (4, "timeout")),
        (9, [(9, WORD), (9, WORD), (9, END)], 45, (36, None)),
        (1, [(600, WORD)], 45, (11, "timeout")),
        (1, [(6, BEGINNING), (6, BEGINNING), (6, WORD)], 45, (11, "timeout")),
        (1, [(1, WORD), (600, WORD)], 45, (12, "timeout")),
        (1, [(1, WORD), (600, WORD)], 5, (5, "timeout")),
        (1, [(9, WORD)] * 40, 45, (45, "timeout")),
        (1, [(1, WORD)], 45, (2, "model_failed")),
    ]:
        bedrock = SlowBedrock(headers, *events)
        assert run_turned(measure(bedrock, deadline)) == expected, (headers, events[:2])
        assert bedrock.is_closed == bool(events)
