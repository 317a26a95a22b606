"""Requests in pieces, several at once, and with headers in any case."""

import asyncio

import pytest

from tests.broker.framing import Connection

FIRST = b"POST / HTTP/1.1\r\nx-amz-target: AmazonSQS.A\r\nContent-Length: 4\r\nAuthorization: x\r\n\r\n{\r\n}"
SECOND = b"GET /_broker/stats HTTP/1.1\r\nHost: x\r\n\r\n"


class Written(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.written = []

    def write(self, data):
        self.written.append(data)


@pytest.fixture
def handled():
    return []


@pytest.fixture
def connection(handled):
    made = Connection(lambda request, _connection: handled.append(request), set())
    made.connection_made(Written())
    return made


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_requests_are_assembled_and_handled_one_by_one(connection, handled, size):
    """However the bytes come, each request is handled once, and the next only when it is answered."""
    data = FIRST + SECOND
    for start in range(0, len(data), size):
        connection.data_received(data[start : start + size])
    assert handled == [(b"POST", "/", "AmazonSQS.A", True, b"{\r\n}")]
    connection.send(200, b"", b"done")
    assert handled[1:] == [(b"GET", "/_broker/stats", "", False, b"")]
    assert connection.transport.written == [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"]


def test_who_waits_for_a_word_before_the_body_gets_it(connection, handled):
    """`Expect: 100-continue` is answered before the body."""
    head, _, body = FIRST.partition(b"\r\n\r\n")
    connection.data_received(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert connection.transport.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    connection.data_received(body)
    assert len(handled) == 1
