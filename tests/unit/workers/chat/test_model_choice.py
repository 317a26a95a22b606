"""Which model a business is answered by: its own if the worker may invoke it, the default one otherwise."""

import asyncio

import pytest
from structlog.testing import capture_logs

from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.settings import ChatSettings

DEFAULT, OTHER = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


class EndedStream:
    """A stream with nothing but its end."""

    def __init__(self):
        self._events = iter([{"messageStop": {"stopReason": "end_turn"}}])

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self._events)
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self):
        """Do nothing: there is no connection."""


class FakeBedrock:
    """Notes the models that were invoked."""

    def __init__(self):
        self.invoked = []

    async def converse_stream(self, *, modelId, **_):  # noqa: N803 - AWS names it so
        self.invoked.append(modelId)
        return {"stream": EndedStream()}


async def invoked_model(named, allowed):
    bedrock = FakeBedrock()
    prompt = Prompt("instructions", "situation", (Turn("user", "Hello"),), (), named, 800)
    model = BedrockModel(client=bedrock, default_model_id=DEFAULT, allowed_model_ids=allowed)
    with capture_logs() as lines:
        [_ async for _ in model.stream(prompt, deadline=Deadline(asyncio.get_running_loop().time() + 45))]
    [invoked] = bedrock.invoked
    return invoked, [line["model_id"] for line in lines if line["event"] == "model_not_allowed"]


@pytest.mark.parametrize(
    ("named", "allowed", "invoked", "refused"),
    [
        (None, (), DEFAULT, []),
        (OTHER, (), OTHER, []),
        (OTHER, (DEFAULT, OTHER), OTHER, []),
        (None, (OTHER,), DEFAULT, []),
        (OTHER, (DEFAULT,), DEFAULT, [OTHER]),
    ],
    ids=["none named", "without a list", "named in the list", "the default is always allowed", "not in the list"],
)
async def test_a_model_outside_the_list_is_not_invoked(named, allowed, invoked, refused):
    """Bedrock would refuse it, and the visitor would have no answer; the log says what to correct."""
    assert await invoked_model(named, allowed) == (invoked, refused)


def test_the_list_is_read_from_its_variable(monkeypatch):
    """Spaces around the commas do no harm."""
    for name in (field for field, info in ChatSettings.model_fields.items() if info.is_required()):
        monkeypatch.setenv(name.upper(), "x")
    monkeypatch.setenv("ALLOWED_MODEL_IDS", f"{DEFAULT}, {OTHER}")
    assert ChatSettings().allowed_model_ids == (DEFAULT, OTHER)
