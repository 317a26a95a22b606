"""A server on the wire that answers whatever a test says, and the calls that a queue makes to it."""

import asyncio
import contextlib

from shared.consumer.delivery import Delivery, VisibilityChange

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
        self.response = b""
        self.hangs_up = False
        self.requests = []

    async def serve(self, reader, writer):
        self.connections.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                self.requests.append(await reader.readexactly(int(length.partition(b":")[2])))
                if self.response is None:
                    writer.transport.abort()
                    return
                writer.write(self.response)
                if self.hangs_up:
                    break
        writer.close()
