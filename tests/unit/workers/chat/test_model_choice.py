"""Which model a business is answered by: its own if the worker may invoke it, the default one otherwise."""

import asyncio

import pytest
from structlog.testing import capture_logs

from shared.errors import ConfigurationError
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.settings import ChatSettings
from workers.chat.wiring import check_model_geographies, open_worker

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


async def invoked_model(named, allowed, **options):
    bedrock = FakeBedrock()
    prompt = Prompt("instructions", "situation", (Turn("user", "Hello"),), (), named, 800)
    model = BedrockModel(client=bedrock, default_model_id=DEFAULT, allowed_model_ids=allowed, **options)
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


async def test_without_a_list_a_model_of_another_geography_is_not_invoked():
    """What a visitor writes stays in the geography of the default model, unless the deployer lets it leave that."""
    world = f"global{OTHER[2:]}"
    assert await invoked_model(world, ()) == (DEFAULT, [world])
    assert await invoked_model(world, (), may_leave_geography=True) == (world, [])


@pytest.mark.parametrize("name", ["FALLBACK_MODEL_ID", "ALLOWED_MODEL_IDS"])
async def test_a_worker_with_models_of_several_geographies_does_not_start(name, monkeypatch):
    """The error names the models and the parameter, and nothing was opened."""
    for field in (field for field, info in ChatSettings.model_fields.items() if info.is_required()):
        monkeypatch.setenv(field.upper(), "x")
    monkeypatch.setenv(name, f"global{OTHER[2:]}")
    with pytest.raises(ConfigurationError, match="ModelsMayLeaveGeography=true"):
        async with open_worker():
            pass
    monkeypatch.setenv("MODELS_MAY_LEAVE_GEOGRAPHY", "true")
    check_model_geographies(ChatSettings())


def test_the_list_is_read_from_its_variable(monkeypatch):
    """Spaces around the commas do no harm."""
    for name in (field for field, info in ChatSettings.model_fields.items() if info.is_required()):
        monkeypatch.setenv(name.upper(), "x")
    monkeypatch.setenv("ALLOWED_MODEL_IDS", f"{DEFAULT}, {OTHER}")
    assert ChatSettings().allowed_model_ids == (DEFAULT, OTHER)
