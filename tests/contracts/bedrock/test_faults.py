"""The Bedrock stand-in's faults, as the asynchronous AWS client handles them."""

import asyncio
import time
from contextlib import aclosing

import aiohttp
import pytest
from botocore.exceptions import ClientError, EventStreamError


@pytest.mark.parametrize(
    ("kind", "code", "status"), [("throttle", "ThrottlingException", 429), ("error", "InternalServerException", 500)]
)
async def test_a_call_can_be_refused(bedrock, kind, code, status):
    """Throttling and failures happen before the stream, as often as requested."""
    await bedrock.control("POST", "faults", {"kind": kind, "times": 2})
    for _ in range(2):
        with pytest.raises(ClientError) as refusal:
            await bedrock.events("Hi")
        assert refusal.value.response["Error"]["Code"] == code
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status

    assert (await bedrock.events("Hi"))[-1][0] == "metadata"
    assert await bedrock.control("GET", "faults") == {"fired": 2, "rules": []}


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", "throttlingException"), ("error", "modelStreamErrorException")]
)
async def test_a_stream_can_break_with_an_exception(bedrock, kind, code):
    """After the requested number of deltas the client raises the exception event of the stream."""
    await bedrock.control("POST", "faults", {"kind": kind, "after_deltas": 3})

    count, broken = await bedrock.deltas_until(EventStreamError, "Hi")

    assert (count, broken.response["Error"]["Code"]) == (3, code)
    call = await bedrock.last_call()
    assert (call["completed"], call["error"].lower()) == (False, code.lower())


async def test_a_connection_can_be_cut(bedrock):
    """The requested deltas arrive, then the connection is closed before the end of the stream."""
    await bedrock.control("POST", "faults", {"kind": "cut", "after_deltas": 3})

    count, _ = await bedrock.deltas_until(aiohttp.ClientPayloadError, "Hi")

    assert count == 3
    assert not (await bedrock.last_call())["completed"]


async def test_a_stream_can_stall(bedrock):
    """The stream pauses for the requested time and then continues."""
    await bedrock.control("POST", "faults", {"kind": "stall", "after_deltas": 2, "seconds": 0.3})
    started = time.monotonic()

    events = await bedrock.events("Hi")

    assert time.monotonic() - started >= 0.3
    assert events[-1][0] == "metadata"


async def test_a_stall_beyond_the_read_timeout_is_a_timeout(short_timeout):
    """A pause beyond the read timeout raises aiohttp's error, not botocore's."""
    await short_timeout.control("POST", "faults", {"kind": "stall", "after_deltas": 2, "seconds": 20})

    count, _ = await short_timeout.deltas_until(aiohttp.SocketTimeoutError, "Hi")

    assert count == 2


async def test_a_slow_fault_delays_every_delta(bedrock):
    """Each delta from the requested one on is delayed."""
    await bedrock.control("POST", "script", {"replies": [{"text": "one two three four"}]})
    await bedrock.control("POST", "faults", {"kind": "slow", "after_deltas": 1, "seconds": 0.1})
    started = time.monotonic()

    await bedrock.events("Hi")

    assert time.monotonic() - started >= 0.3


async def test_a_client_that_disconnects_ends_the_answer(bedrock):
    """After the client closes the stream nothing more is written, and the call counts as not completed."""
    await bedrock.control("POST", "pace", {"tokens_per_second": 20, "first_token_ms": 0})
    async with aclosing(bedrock.stream("Hi")) as stream:
        async for kind, _ in stream:
            if kind == "contentBlockDelta":
                break
    await asyncio.sleep(0.3)
    first = await bedrock.last_call()
    await asyncio.sleep(0.3)

    assert await bedrock.last_call() == first
    assert not first["completed"]


async def test_a_fault_and_a_reply_can_be_for_one_message(bedrock):
    """Whatever order calls come in: each fault is for calls whose last message has the text, and so is each reply."""
    rules = [{"kind": "throttle", "message": "first"}, {"kind": "cut", "message": "second", "after_deltas": 1}]
    await bedrock.control("POST", "faults", {"rules": rules})
    await bedrock.control("POST", "script", {"replies": [{"message": "first", "text": "One two"}]})

    count, _ = await bedrock.deltas_until(aiohttp.ClientPayloadError, "the second")
    assert count == 1
    assert (await bedrock.events("the first", "No.", "a third"))[-1][0] == "metadata"
    with pytest.raises(ClientError):
        await bedrock.events("the first")
    for _ in range(2):
        events = await bedrock.events("the first")
        assert "".join(body["delta"]["text"] for kind, body in events if kind == "contentBlockDelta") == "One two"
    assert (await bedrock.control("GET", "faults"))["fired"] == 2
