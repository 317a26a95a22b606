"""What the queue's port makes of no answer, a late one or nonsense: an error that says "again", and always an end."""

import asyncio

import pytest

from infra.local.ports import HOST, find_free_port
from shared.consumer.delivery import FailedEntry
from shared.errors import TransientError
from tests.contracts.stores.queue.neighbour import CALLS, DELIVERIES, answer
from tests.contracts.stores.queue.queues import TRANSPORTS, server_at

BELOW_READ_TIMEOUT_SECONDS = 20
"""The client itself gives a read up after 30 seconds."""


async def test_silence_ends_with_the_deadline(neighbour, queue, call, give_up):
    """A server that takes the request and never answers keeps nobody for long."""
    neighbour.response = b""
    async with asyncio.timeout(BELOW_READ_TIMEOUT_SECONDS):
        await give_up(lambda: call(queue), lambda: neighbour.requests)
    assert len(neighbour.requests) == 1


async def test_an_answer_that_never_ends_ends_with_the_deadline(neighbour, queue, call, give_up):
    """The deadline is for all of the answer, not for its first byte."""
    neighbour.response = answer('{"Messages": [', length=500)
    async with asyncio.timeout(BELOW_READ_TIMEOUT_SECONDS):
        await give_up(lambda: call(queue), lambda: neighbour.requests)


async def test_a_reset_is_tried_again(neighbour, queue, call):
    """Whether the call was carried out is not known; what it asks for bears being done twice."""
    neighbour.response = None
    with pytest.raises(TransientError):
        await call(queue)


@pytest.mark.parametrize(
    "response",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", answer('{"Messages": [{"MessageId"', length=500), b"hello\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
async def test_a_connection_that_ends_too_early_is_tried_again(neighbour, queue, call, response):
    """Half an answer is none."""
    neighbour.response, neighbour.hangs_up = response, True
    with pytest.raises(TransientError):
        await call(queue)


# Botocore reads an answer that is no JSON as an empty one, or fails in its own parser: only the lean transport is sure.
@pytest.mark.parametrize(
    "body",
    ["<html>hi</html>", '{"Messages": [{"MessageId": "m0",', "[1]", "null", "1", '"text"', "\ufeff{}", "\x00"],
)
async def test_what_is_no_json_object_is_no_answer(neighbour, lean, call, body):
    """A proxy on the way may say anything; that is a fault of the moment, not a bug of ours."""
    neighbour.response = answer(body, length=len(body.encode()))
    with pytest.raises(TransientError):
        await call(lean)


@pytest.mark.parametrize(
    "body",
    ['{"Messages": 5}', '{"Messages": [5]}', '{"Messages": [{"Body": "x"}]}', '{"Messages": [{"MessageId": "m0"}]}'],
)
async def test_messages_that_are_none_are_no_answer(neighbour, lean, body):
    """JSON of another kind is as good as no JSON."""
    neighbour.response = answer(body)
    with pytest.raises(TransientError):
        await CALLS["receive"](lean)


@pytest.mark.parametrize("body", ['{"Failed": [{}]}', '{"Failed": 5}', '{"Successful": ["0"]}'])
@pytest.mark.parametrize("name", ["delete", "change_visibility"])
async def test_outcomes_that_are_none_are_no_answer(neighbour, lean, name, body):
    """Nor is an entry without its id."""
    neighbour.response = answer(body)
    with pytest.raises(TransientError):
        await CALLS[name](lean)


@pytest.mark.parametrize("name", ["delete", "change_visibility"])
@pytest.mark.parametrize("body", ["", "{}", '{"message": "welcome"}', '{"Successful": [], "Failed": []}'])
async def test_what_is_not_called_successful_was_not_done(neighbour, queue, name, body):
    """An answer that does not name an entry has not confirmed it."""
    neighbour.response = answer(body)
    assert await CALLS[name](queue) == [FailedEntry(one) for one in DELIVERIES]


async def test_a_connection_is_good_again_after_each_fault(neighbour, queue, call):
    """What is left of a broken answer never gets into the next one."""
    good = '{"Messages": [], "Successful": [{"Id": "0"}, {"Id": "1"}, {"Id": "2"}]}'
    for response in (None, answer("<html>", status=503), answer("", status=429)):
        neighbour.response = response
        with pytest.raises(TransientError):
            await call(queue)
        neighbour.response = answer(good)
        assert await call(queue) == []


@pytest.mark.parametrize("surplus", ["oops", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"])
async def test_what_nobody_asked_for_spoils_no_later_call(neighbour, lean, call, surplus):
    """Bytes after an answer's end are the end of their connection, not the beginning of the next answer."""
    good = '{"Messages": [], "Successful": [{"Id": "0"}, {"Id": "1"}, {"Id": "2"}]}'
    neighbour.response = answer(good) + surplus.encode()
    assert await call(lean) == []
    neighbour.response = answer(good)
    assert await call(lean) == []


async def test_a_call_that_was_cut_off_leaves_its_answer_to_nobody(neighbour, queue, call):
    """The late answer of a cancelled call is never taken for the next one's."""
    neighbour.response = b""
    cut_off = asyncio.create_task(call(queue))
    while not neighbour.requests:
        await asyncio.sleep(0.005)
    cut_off.cancel()
    await asyncio.wait([cut_off])
    neighbour.response = answer('{"Messages": [], "Successful": [{"Id": "0"}, {"Id": "1"}, {"Id": "2"}]}')
    assert await call(queue) == []
    assert len(neighbour.requests) == 2


@pytest.fixture(scope="session")
async def nobody(clients):
    async with server_at(f"http://{HOST}:{find_free_port()}", None, clients) as transports:
        yield transports


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_server_that_is_not_there_is_tried_again(nobody, call, transport):
    """It may be there in a minute."""
    queue = nobody.queue(transport, url=f"http://{HOST}/chat.fifo", dead_letter_url=f"http://{HOST}/dead.fifo")
    with pytest.raises(TransientError):
        await call(queue)
