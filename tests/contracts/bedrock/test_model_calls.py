"""What the adapter of chat makes of each fault of a real stream."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import PermanentError, TransientError
from tests.contracts.bedrock.client import HAIKU
from workers.chat.adapters.bedrock.lean_converse import LeanConverse
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.ports import Finished, TextDelta

PROMPT = Prompt("Answer.", "Today.", (Turn("user", "Hi"),), (), None, 800)
FAULTS = [
    ({"kind": "throttle"}, "model_busy"),
    ({"kind": "error"}, "model_failed"),
    ({"kind": "error", "code": "ModelTimeoutException"}, "timeout"),
    ({"kind": "error", "code": "ModelErrorException"}, "model_failed"),
    ({"kind": "error", "code": "ModelNotReadyException"}, "model_busy"),
    ({"kind": "error", "code": "ServiceQuotaExceededException"}, "model_quota"),
    ({"kind": "error", "code": "ServiceUnavailableException"}, "model_busy"),
]
IN_THE_STREAM = [
    ({"kind": "throttle"}, "model_busy"),
    ({"kind": "error"}, "model_failed"),
    ({"kind": "error", "code": "ServiceUnavailableException"}, "model_busy"),
    ({"kind": "error", "code": "ValidationException"}, "model_failed"),
    ({"kind": "error", "code": "InternalServerException"}, "model_failed"),
    ({"kind": "cut"}, "model_failed"),
]
NOT_IN_THE_MODEL = {"ModelTimeoutException": "timeout", "ServiceQuotaExceededException": "model_quota"}
"""Exceptions of a stream that the service's model does not list: botocore reads no code from them."""

PERMANENT = ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"]


async def ask(bedrock, seconds=45.0):
    """Return the text that came, and the error or `Finished`."""
    model, text = BedrockModel(client=bedrock.client, default_model_id=HAIKU), ""
    try:
        async for event in model.stream(PROMPT, deadline=Deadline(asyncio.get_running_loop().time() + seconds)):
            match event:
                case TextDelta(piece):
                    text += piece
                case Finished():
                    return text, event
    except (TransientError, PermanentError) as error:
        return text, error
    return pytest.fail("the stream has no end")


async def test_each_fault_has_its_reason(either):
    """Before the answer or in it; what was wrong with the request is permanent, but not in the middle of its answer."""
    await either.control("POST", "script", {"replies": [{"text": "one two three four"}] * 30})
    for fault, reason in FAULTS:
        await either.control("POST", "faults", {**fault, "retry_after_seconds": 7})
        text, error = await ask(either)
        assert (text, type(error), error.reason) == ("", TransientError, reason), fault
        assert error.retry_after == timedelta(seconds=7), fault
    for fault, reason in IN_THE_STREAM:
        await either.control("POST", "faults", {**fault, "after_deltas": 1})
        text, error = await ask(either)
        assert (type(error), error.reason) == (TransientError, reason), fault
        assert text, fault
    is_lean = isinstance(either.client, LeanConverse)
    for code, reason in NOT_IN_THE_MODEL.items():
        await either.control("POST", "faults", {"kind": "error", "code": code, "after_deltas": 1})
        text, error = await ask(either)
        assert (type(error), error.reason) == (TransientError, reason if is_lean else "model_failed"), code
    for code in PERMANENT:
        await either.control("POST", "faults", {"kind": "error", "code": code})
        _, error = await ask(either)
        assert (type(error), error.reason) == (PermanentError, f"aws_{code}")
    text, finished = await ask(either)
    assert (text, finished.stop_reason, finished.model_id) == ("one two three four", "end_turn", HAIKU)


async def test_the_deadline_ends_any_silence(either):
    """Before the headers, before the first word, in the middle: the call ends, and its connection is closed."""
    await either.control("POST", "script", {"replies": [{"text": "one two three four"}] * 3})
    for fault, has_text in [
        ({"kind": "silent"}, False),
        ({"kind": "stall"}, False),
        ({"kind": "stall", "after_deltas": 1}, True),
    ]:
        await either.control("POST", "faults", {**fault, "seconds": 600})
        text, error = await ask(either, seconds=0.3)
        assert (type(error), error.reason, bool(text)) == (TransientError, "timeout", has_text), fault


async def test_a_fault_with_an_impossible_code_is_refused(bedrock):
    """A misspelt code would test nothing."""
    for fault in ({"kind": "error", "code": "NoSuchException"}, {"kind": "cut", "code": "ModelErrorException"}):
        async with bedrock.http.post(f"{bedrock.url}/_standin/faults", json=fault) as response:
            assert response.status == 400
