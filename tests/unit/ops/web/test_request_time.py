"""Requests that do not arrive, on real sockets."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn

from ops.web.request_time import limit_request_time
from tests.deadlines import DEADLINE_SECONDS

SHORT, LONG = 0.2, 300.0
REQUEST = b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 4\r\n\r\nbody"


async def echo(scope, receive, send):
    """Answer a request with its body."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serve(seconds, app=echo):
    """Serve an application; yield a function that opens a connection."""
    config = uvicorn.Config(
        app,
        port=0,
        http=limit_request_time(seconds),
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=300,
    )
    server = uvicorn.Server(config)
    server.capture_signals = suppress
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: asyncio.open_connection("127.0.0.1", port)
    finally:
        server.should_exit = server.force_exit = True
        await running


async def send_slowly(writer, data):
    """Send a byte every now and then, again and again, until the connection ends."""
    with suppress(ConnectionError):
        while True:
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(SHORT / 10)


@pytest.mark.parametrize(
    ("first", "slowly"),
    [
        (b"", b""),
        (b"", b"X"),
        (b"GET / HTTP/1.1\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: desk\r\n", b"X-A: b\r\n"),
        (b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 100000\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"POST / HTTP/1.1\r\nHost: desk\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (REQUEST, b""),
        (REQUEST, b"X"),
    ],
    ids=[
        "nothing",
        "byte by byte",
        "first line",
        "headers",
        "no body",
        "slow body",
        "chunks",
        "no second",
        "slow second",
    ],
)
async def test_a_request_that_does_not_arrive_ends_its_connection(first, slowly):
    """However it stays open: without another byte, or with one now and then; also after an answered request."""
    async with asyncio.timeout(DEADLINE_SECONDS), serve(SHORT) as connect:
        reader, writer = await connect()
        writer.write(first)
        sending = asyncio.create_task(send_slowly(writer, slowly)) if slowly else None
        with suppress(ConnectionError):
            while await reader.read(1000):
                pass
        if sending:
            sending.cancel()
        writer.close()


async def test_a_whole_request_is_answered():
    """In pieces, several on one connection, and while the desk takes longer than the limit for its response."""
    async with asyncio.timeout(DEADLINE_SECONDS), serve(LONG) as connect:
        reader, writer = await connect()
        for _ in range(3):
            for byte in REQUEST:
                writer.write(bytes([byte]))
                await writer.drain()
            assert b"200 OK" in await reader.readuntil(b"body")
        writer.write(REQUEST * 2)
        for _ in range(2):
            assert b"200 OK" in await reader.readuntil(b"body")
        writer.close()


async def test_a_slow_response_is_not_cut():
    """The limit is for what the client sends."""
    has_passed = asyncio.Event()

    async def wait_and_echo(scope, receive, send):
        await has_passed.wait()
        await echo(scope, receive, send)

    async with asyncio.timeout(DEADLINE_SECONDS), serve(SHORT, wait_and_echo) as connect:
        reader, writer = await connect()
        writer.write(REQUEST)
        asyncio.get_running_loop().call_later(SHORT * 3, has_passed.set)
        assert b"200 OK" in await reader.readuntil(b"body")
        writer.close()
