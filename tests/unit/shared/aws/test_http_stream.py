"""Answers that are read while they come: their pieces, their ends, and what becomes of their connections."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from shared.aws.http_stream import HttpStreamPool
from tests.deadlines import DEADLINE_SECONDS

HEAD = b"HTTP/1.1 200 OK\r\nX-Kind: Stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
CLOSE, WAIT, HOLD = "close", "wait", "hold"


def chunk(content):
    return b"%x\r\n%b\r\n" % (len(content), content)


class Server:
    """Answers each request with the next script: bytes to send, `CLOSE`, or `WAIT` until the client closes.

    `HOLD` goes on once the test says so.
    """

    def __init__(self):
        self.scripts, self.requests, self.connections = [], [], 0
        self.released = asyncio.Event()
        self.closed_by_client = asyncio.Event()

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                self.requests.append((head, await reader.readexactly(size)))
                for step in self.scripts.pop(0):
                    if step == CLOSE:
                        return
                    if step == HOLD:
                        await self.released.wait()
                        continue
                    if step == WAIT:
                        await reader.read(1)
                        self.closed_by_client.set()
                        return
                    writer.write(step)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed_by_client.set()
        finally:
            writer.close()


@asynccontextmanager
async def open_server():
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with HttpStreamPool(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}") as pool:
        pool.answers = []
        yield server, pool
        for answer in pool.answers:
            answer.close()
    listening.close()


@pytest.fixture
async def opened():
    async with open_server() as opened:
        yield opened


async def post(pool):
    answer = await asyncio.wait_for(pool.post({"Host": pool.host}, b"{}", path="/"), DEADLINE_SECONDS)
    pool.answers.append(answer)
    return answer


async def read_all(answer, pieces=None):
    pieces = [] if pieces is None else pieces
    while data := await asyncio.wait_for(answer.read(), DEADLINE_SECONDS):
        pieces.append(data)
    return b"".join(pieces)


async def test_an_answer_is_read_while_it_comes(opened):
    """Its beginning can be read before its end is sent; afterwards its connection has the next answer."""
    server, pool = opened
    server.scripts = [[HEAD, chunk(b"one"), chunk(b"two"), END]] * 2
    for _ in range(2):
        answer = await post(pool)
        assert (answer.status, answer.headers["x-kind"]) == (200, "Stream")
        assert await read_all(answer) == b"onetwo"
        assert await answer.read() == b""
        answer.close()
    assert (server.connections, server.requests[0][1]) == (1, b"{}")


async def test_an_answer_that_is_left_early_ends_its_connection(opened):
    """No later call may read the rest of it."""
    server, pool = opened
    server.scripts = [[HEAD, END], [HEAD, chunk(b"one"), WAIT], [HEAD, chunk(b"two"), END]]
    (await drain(pool)).close()
    answer = await post(pool)
    assert await answer.read() == b"one"
    answer.close()
    await asyncio.wait_for(server.closed_by_client.wait(), DEADLINE_SECONDS)
    with pytest.raises(OSError, match="closed"):
        await answer.read()
    assert await read_all(await post(pool)) == b"two"
    assert server.connections == 2


async def test_what_came_before_a_cut_is_read_first(opened):
    """Then the cut is an error, and not the end of the answer."""
    server, pool = opened
    server.scripts = [[HEAD, chunk(b"one"), b"5\r\ntw", CLOSE]]
    answer = await post(pool)
    pieces = []
    with pytest.raises(ConnectionResetError):
        await read_all(answer, pieces)
    assert b"".join(pieces) == b"onetw"


@pytest.mark.parametrize("step", [b"SSH-2.0\r\n", HEAD + b"zz\r\n", b"HTTP/1.1 200 OK\r\n" + b"x" * 70_000])
async def test_what_is_no_http_is_an_error(opened, step):
    """Whatever a server writes, nothing waits for more of it."""
    server, pool = opened
    server.scripts = [[step, WAIT]]
    with pytest.raises(OSError, match=r"no HTTP|too long|ended"):
        await read_all(await post(pool))


async def test_headers_have_a_limit(opened):
    """An endless head does not fill the memory."""
    server, pool = opened
    server.scripts = [[b"HTTP/1.1 200 OK\r\n" + b"X-A: %b\r\n" % (b"y" * 1000) * 100, WAIT]]
    with pytest.raises(OSError, match=r"no HTTP|too long"):
        await post(pool)


async def test_an_interim_answer_is_not_the_answer(opened):
    """1xx comes before the real one."""
    server, pool = opened
    server.scripts = [[b"HTTP/1.1 100 Continue\r\nX-Old: 1\r\n\r\n", HEAD, chunk(b"one"), END]]
    answer = await post(pool)
    assert (answer.status, "x-old" in answer.headers, await read_all(answer)) == (200, False, b"one")


async def test_a_connection_that_ended_while_idle_costs_no_attempt(opened):
    """Whether the pool has noticed that or not: the request is sent once more, on a new connection."""
    server, pool = opened
    whole = [HEAD, chunk(b"one"), END]
    for scripts in ([[*whole, CLOSE], whole], [whole, [CLOSE], whole]):
        server.scripts, server.connections, server.requests = [*scripts], 0, []
        (await drain(pool)).close()
        assert await read_all(await post(pool)) == b"one"
        assert (server.connections, len(server.requests)) == (2, len(scripts))
        await forget_idle(pool)


async def drain(pool):
    answer = await post(pool)
    await read_all(answer)
    return answer


async def forget_idle(pool):
    while connection := pool.take_idle():
        connection.close()


async def test_a_request_is_repeated_only_on_a_connection_that_was_idle(opened):
    """On a new connection no answer is the caller's error, and so is an answer that has begun."""
    server, pool = opened
    server.scripts = [[CLOSE]]
    with pytest.raises(ConnectionResetError):
        await post(pool)
    assert len(server.requests) == 1
    whole = [HEAD, chunk(b"one"), END]
    for begun in ([CLOSE], [CLOSE]), ([b"HTTP/1.1 2", CLOSE],):
        server.scripts, server.requests = [whole, *begun], []
        (await drain(pool)).close()
        with pytest.raises(ConnectionResetError):
            await post(pool)
        assert len(server.requests) == 1 + len(begun)


async def test_a_reader_that_is_slow_makes_the_server_wait(opened):
    """What was not read yet has a limit; it goes on with the next read."""
    server, pool = opened
    server.scripts = [[HEAD, *[chunk(b"x" * 65_536)] * 400, END]]
    answer = await post(pool)
    await asyncio.sleep(0.05)
    assert answer._connection._pending_bytes < 1_000_000
    assert len(await read_all(answer)) == 400 * 65_536


async def test_the_end_of_an_idle_connection_is_noticed(opened):
    """Also if nobody was reading when the last bytes of its answer came."""
    server, pool = opened
    server.scripts = [[HEAD, chunk(b"one"), HOLD, chunk(b"two") + END, CLOSE]]
    answer = await post(pool)
    connection = answer._connection
    assert await answer.read() == b"one"
    server.released.set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not connection._is_complete:
            await asyncio.sleep(0.01)
    assert connection._is_paused
    answer.close()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not connection.is_closed:
            await asyncio.sleep(0.01)


async def test_a_call_that_is_cancelled_ends_its_connection(opened):
    """Its answer may still come, for nobody."""
    server, pool = opened
    server.scripts = [[WAIT]]
    task = asyncio.create_task(post(pool))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.closed_by_client.wait(), DEADLINE_SECONDS)


async def test_data_that_nobody_asked_for_ends_the_connection(opened):
    """Between two answers, or behind an answer in the same packet."""
    server, pool = opened
    whole = HEAD + chunk(b"one") + END
    server.scripts = [[whole + whole], [whole]]
    answer = await post(pool)
    assert await read_all(answer) == b"one"
    answer.close()
    assert await read_all(await post(pool)) == b"one"
    assert server.connections == 2
