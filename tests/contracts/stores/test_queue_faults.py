"""What the queue's port makes of a server that misbehaves: an error that says "again" or "never", and always an end."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from infra.local.ports import HOST, free_port
from shared.consumer.delivery import Delivery, Refused, VisibilityChange
from shared.errors import DeploymentError, PermanentError, TransientError
from tests.contracts.stores.queues import TRANSPORTS, server_at

DELIVERIES = [Delivery(f"m{number}", f"r{number}", "body", group="a") for number in range(3)]

CALLS = {
    "receive": lambda queue: queue.receive(max_messages=1, wait_seconds=0, visibility_seconds=30, attempt_id="one"),
    "delete": lambda queue: queue.delete(DELIVERIES),
    "change_visibility": lambda queue: queue.change_visibility([VisibilityChange(one, 5) for one in DELIVERIES]),
}


def answer(body, *, status=200, headers="", length=None):
    """Return an HTTP answer as it goes over the wire."""
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/x-amz-json-1.0\r\n{headers}"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n{body}".encode()


def refusal(kind, *, status=400, older=""):
    return answer(f'{{"__type": "{kind}", "message": "no"}}', status=status, headers=older and f"{older}\r\n")


class Neighbour:
    """Answers every request with the same bytes; None resets the connection, `b""` says nothing at all."""

    def __init__(self):
        self.url = ""
        self.connections = set()
        self.reset()

    def reset(self):
        self.said = b""
        self.hangs_up = False
        self.requests = []

    async def serve(self, reader, writer):
        self.connections.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                self.requests.append(await reader.readexactly(int(length.partition(b":")[2])))
                if self.said is None:
                    writer.transport.abort()
                    return
                writer.write(self.said)
                if self.hangs_up:
                    break
        writer.close()


@pytest.fixture(scope="session")
async def next_door(clients):
    """Run the neighbour, with both transports to it."""
    neighbour = Neighbour()
    server = await asyncio.start_server(neighbour.serve, HOST, 0)
    neighbour.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    async with server_at(neighbour.url, None, clients) as transports:
        yield neighbour, transports
    server.close()
    for writer in neighbour.connections:
        writer.transport.abort()


@pytest.fixture
def neighbour(next_door):
    neighbour, _ = next_door
    neighbour.reset()
    return neighbour


def queue_at(next_door, transport):
    neighbour, transports = next_door
    url = f"{neighbour.url}/000000000000/chat.fifo"
    return transports.queue(transport, url=url, dead_letter_url=url)


@pytest.fixture(params=TRANSPORTS)
def queue(request, next_door):
    return queue_at(next_door, request.param)


@pytest.fixture
def lean(next_door):
    return queue_at(next_door, "lean")


@pytest.fixture(params=CALLS)
def call(request):
    return CALLS[request.param]


@pytest.mark.parametrize(
    "said",
    [
        refusal("com.amazonaws.sqs#RequestThrottled", older="x-amzn-query-error: RequestThrottled;Sender"),
        refusal("com.amazon.coral.availability#ThrottlingException"),
        answer("", status=429),
    ],
    ids=["sqs", "coral", "status"],
)
async def test_a_throttle_asks_for_a_pause(neighbour, queue, call, said):
    """In whichever form it comes."""
    neighbour.said = said
    with pytest.raises(TransientError) as caught:
        await call(queue)
    assert caught.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    "said",
    [
        refusal("com.amazonaws.sqs#InternalFailure", status=500, older="x-amzn-query-error: InternalFailure;Receiver"),
        answer("<html>Bad Gateway</html>", status=502),
        answer("", status=503),
        refusal("com.amazon.coral.service#ExpiredTokenException", status=403),
    ],
    ids=["500", "502", "503", "expired"],
)
async def test_what_may_pass_is_tried_again(neighbour, queue, call, said):
    """Nothing is wrong with the request."""
    neighbour.said = said
    with pytest.raises(TransientError) as caught:
        await call(queue)
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            refusal(
                "com.amazonaws.sqs#QueueDoesNotExist",
                older="x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
            "aws_AWS.SimpleQueueService.NonExistentQueue",
        ),
        (refusal("com.amazonaws.sqs#QueueDoesNotExist"), "aws_QueueDoesNotExist"),
        (
            refusal("com.amazon.coral.service#AccessDeniedException", status=403),
            "aws_AccessDeniedException",
        ),
        (refusal("com.amazon.coral.service#UnrecognizedClientException"), "aws_UnrecognizedClientException"),
    ],
    ids=["missing", "missing, new name", "denied", "unknown key"],
)
async def test_what_a_person_has_to_mend(neighbour, queue, call, said, reason):
    """A resource, a permission or a key is missing; no message is to blame."""
    neighbour.said = said
    with pytest.raises(DeploymentError) as caught:
        await call(queue)
    assert caught.value.reason == reason


@pytest.mark.parametrize("said", [refusal("com.amazonaws.sqs#UnsupportedOperation"), answer("<html>", status=400)])
async def test_what_will_never_work(neighbour, queue, call, said):
    """It would be as wrong the next time, and its words stay where they are."""
    neighbour.said = said
    with pytest.raises(PermanentError) as caught:
        await call(queue)
    assert caught.value.reason in {"aws_UnsupportedOperation", "aws_400"}
    assert not isinstance(caught.value, DeploymentError)


async def test_silence_ends_with_the_deadline(neighbour, queue, call, short_deadlines):
    """A server that takes the request and never answers keeps nobody for long."""
    neighbour.said = b""
    async with asyncio.timeout(5):
        with pytest.raises(TransientError):
            await call(queue)
    assert len(neighbour.requests) == 1


async def test_an_answer_that_never_ends_ends_with_the_deadline(neighbour, queue, call, short_deadlines):
    """The deadline is for all of the answer, not for its first byte."""
    neighbour.said = answer('{"Messages": [', length=500)
    async with asyncio.timeout(5):
        with pytest.raises(TransientError):
            await call(queue)


async def test_a_reset_is_tried_again(neighbour, queue, call):
    """Whether the call was carried out is not known; what it asks for bears being done twice."""
    neighbour.said = None
    with pytest.raises(TransientError):
        await call(queue)


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", answer('{"Messages": [{"MessageId"', length=500), b"hello\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
async def test_a_connection_that_ends_too_early_is_tried_again(neighbour, queue, call, said):
    """Half an answer is none."""
    neighbour.said, neighbour.hangs_up = said, True
    with pytest.raises(TransientError):
        await call(queue)


@pytest.fixture(scope="session")
async def nobody(clients):
    async with server_at(f"http://{HOST}:{free_port()}", None, clients) as transports:
        yield transports


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_server_that_is_not_there_is_tried_again(nobody, call, transport):
    """It may be there in a minute."""
    queue = nobody.queue(transport, url=f"http://{HOST}/chat.fifo", dead_letter_url=f"http://{HOST}/dead.fifo")
    with pytest.raises(TransientError):
        await call(queue)


# Botocore reads an answer that is no JSON as an empty one, or fails in its own parser: only the lean transport is sure.
@pytest.mark.parametrize(
    "body",
    ["<html>hi</html>", '{"Messages": [{"MessageId": "m0",', "[1]", "null", "1", '"text"', "\ufeff{}", "\x00"],
)
async def test_what_is_no_json_object_is_no_answer(neighbour, lean, call, body):
    """A proxy on the way may say anything; that is a fault of the moment, not a bug of ours."""
    neighbour.said = answer(body, length=len(body.encode()))
    with pytest.raises(TransientError):
        await call(lean)


@pytest.mark.parametrize(
    "body",
    ['{"Messages": 5}', '{"Messages": [5]}', '{"Messages": [{"Body": "x"}]}', '{"Messages": [{"MessageId": "m0"}]}'],
)
async def test_messages_that_are_none_are_no_answer(neighbour, lean, body):
    """JSON of another kind is as good as no JSON."""
    neighbour.said = answer(body)
    with pytest.raises(TransientError):
        await CALLS["receive"](lean)


@pytest.mark.parametrize("body", ['{"Failed": [{}]}', '{"Failed": 5}', '{"Successful": ["0"]}'])
@pytest.mark.parametrize("name", ["delete", "change_visibility"])
async def test_outcomes_that_are_none_are_no_answer(neighbour, lean, name, body):
    """Nor is an entry without its id."""
    neighbour.said = answer(body)
    with pytest.raises(TransientError):
        await CALLS[name](lean)


@pytest.mark.parametrize("name", ["delete", "change_visibility"])
@pytest.mark.parametrize("body", ["", "{}", '{"message": "welcome"}', '{"Successful": [], "Failed": []}'])
async def test_what_is_not_called_successful_was_not_done(neighbour, queue, name, body):
    """An answer that does not name an entry has not confirmed it."""
    neighbour.said = answer(body)
    assert await CALLS[name](queue) == [Refused(one) for one in DELIVERIES]


@pytest.mark.parametrize("name", ["delete", "change_visibility"])
@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("ReceiptHandleIsInvalid", True),
        ("InvalidParameterValue", True),
        ("AWS.SimpleQueueService.MessageNotInflight", True),
        ("InternalError", False),
        ("RequestThrottled", False),
        ("KmsThrottled", False),
    ],
)
async def test_a_refused_entry_says_whether_another_try_helps(neighbour, queue, name, code, gone):
    """A receipt that is no longer ours is gone; trouble on the other side passes."""
    neighbour.said = answer(
        f'{{"Successful": [{{"Id": "2"}}, {{"Id": "0"}}],'
        f' "Failed": [{{"Id": "1", "Code": "{code}", "SenderFault": true, "Message": "no"}}]}}'
    )
    assert await CALLS[name](queue) == [Refused(DELIVERIES[1], gone=gone)]


async def test_a_connection_is_good_again_after_each_fault(neighbour, queue, call):
    """What is left of a broken answer never gets into the next one."""
    good = '{"Messages": [], "Successful": [{"Id": "0"}, {"Id": "1"}, {"Id": "2"}]}'
    for said in (None, answer("<html>", status=503), answer("", status=429)):
        neighbour.said = said
        with pytest.raises(TransientError):
            await call(queue)
        neighbour.said = answer(good)
        assert await call(queue) == []


@pytest.mark.parametrize("surplus", ["oops", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"])
async def test_what_nobody_asked_for_spoils_no_later_call(neighbour, lean, call, surplus, short_deadlines):
    """Bytes after an answer's end are the end of their connection, not the beginning of the next answer."""
    good = '{"Messages": [], "Successful": [{"Id": "0"}, {"Id": "1"}, {"Id": "2"}]}'
    neighbour.said = answer(good) + surplus.encode()
    assert await call(lean) == []
    neighbour.said = answer(good)
    assert await call(lean) == []


async def test_a_call_that_was_cut_off_leaves_its_answer_to_nobody(neighbour, queue, call):
    """The late answer of a cancelled call is never taken for the next one's."""
    neighbour.said = b""
    cut_off = asyncio.create_task(call(queue))
    while not neighbour.requests:
        await asyncio.sleep(0.005)
    cut_off.cancel()
    await asyncio.wait([cut_off])
    neighbour.said = answer('{"Messages": [], "Successful": [{"Id": "0"}, {"Id": "1"}, {"Id": "2"}]}')
    assert await call(queue) == []
    assert len(neighbour.requests) == 2
