"""What the chat worker calls, over real HTTP in one process: tables, bucket, management endpoint and model."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import md5
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from bench.chat.clock import read_ms
from bench.chat.tables import RefusedCallError, Tables
from infra.local.ports import HOST
from tests.broker.framing import Connection, Request

Handle = Callable[[Request, Connection], None]
PostListener = Callable[[str, dict[str, Any]], None]


class TablesStub:
    """DynamoDB: each call is carried out when it comes, and answered after a fixed time."""

    def __init__(self, *, latency_ms: float) -> None:
        self.tables = Tables()
        self.calls: Counter[str] = Counter()
        self.timeline: list[tuple[float, str]] | None = None
        """When each call came and what it was, while somebody looks."""
        self._latency_seconds = latency_ms / 1000

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a call later."""
        action = request.target.rpartition(".")[2]
        content = json.loads(request.body)
        self.calls[action] += 1
        if self.timeline is not None:
            self.timeline.append((read_ms(), _describe_call(action, content)))
        try:
            status, answer = 200, self.tables.carry_out(action, content)
        except RefusedCallError as error:
            status, answer = 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{error.code}", **error.fields}
        except (KeyError, ValueError) as error:
            # A call that these tables do not know: the caller reports it, instead of waiting.
            status, answer = 400, {"__type": "com.amazon.coral.validate#ValidationException", "message": repr(error)}
        body = json.dumps(answer).encode()
        asyncio.get_running_loop().call_later(
            self._latency_seconds, connection.send, status, b"Content-Type: application/x-amz-json-1.0\r\n", body
        )


def _describe_call(action: str, content: Mapping[str, Any]) -> str:
    table = content.get("TableName") or ", ".join(content.get("RequestItems", {}))
    detail = content.get("UpdateExpression") or content.get("KeyConditionExpression") or ""
    key = content.get("Key") or {name: content.get("Item", {}).get(name) for name in ("day",)}
    sort = (key.get("day") or {}).get("S", "") if "day" in key else ""
    return f"{action} {table} {sort[:24]} {detail[:60]}".strip()


class BucketStub:
    """S3, for one bucket that is only read."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self._objects = objects

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a HEAD of the bucket, a list, or a GET of an object."""
        address = urlsplit(request.path)
        _, _, key = unquote(address.path).lstrip("/").partition("/")
        query = parse_qs(address.query)
        if request.method in {b"HEAD", b"PUT"}:
            connection.send(200, b"", b"")
        elif "list-type" in query:
            connection.send(200, b"Content-Type: application/xml\r\n", self._list(query.get("prefix", [""])[0]))
        elif (body := self._objects.get(key)) is None:
            connection.send(404, b"Content-Type: application/xml\r\n", b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            connection.send(200, f"ETag: {build_etag(body)}\r\n".encode(), body)

    def _list(self, prefix: str) -> bytes:
        entries = "".join(
            f"<Contents><Key>{key}</Key><ETag>{build_etag(body)}</ETag><Size>{len(body)}</Size></Contents>"
            for key, body in sorted(self._objects.items())
            if key.startswith(prefix)
        )
        return f"<ListBucketResult>{entries}<IsTruncated>false</IsTruncated></ListBucketResult>".encode()


def build_etag(body: bytes) -> str:
    """Return the ETag of an object."""
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'


class ManagementStub:
    """The management endpoint of the WebSocket API: it gives each posted frame to a listener, and answers at once."""

    def __init__(self, on_frame: PostListener, *, latency_ms: float = 0) -> None:
        self._on_frame = on_frame
        self._latency_seconds = latency_ms / 1000
        self.posts: Counter[str] = Counter()

    def handle(self, request: Request, connection: Connection) -> None:
        """Take a frame."""
        frame = json.loads(request.body)
        self.posts[frame["type"]] += 1
        self._on_frame(unquote(request.path.rpartition("/")[2]), frame)
        if self._latency_seconds:
            asyncio.get_running_loop().call_later(self._latency_seconds, connection.send, 200, b"", b"")
        else:
            connection.send(200, b"", b"")


@asynccontextmanager
async def serve(handle: Handle) -> AsyncIterator[str]:
    """Serve requests for the duration of the `async with`, and yield the address."""
    connections: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(handle, connections), HOST, 0, backlog=1024
    )
    try:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in list(connections):
            connection.disconnect()
        await server.wait_closed()
