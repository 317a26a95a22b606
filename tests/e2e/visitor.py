"""A client that knows only the wire protocol, and checks every frame that it receives against the contract."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import websockets

from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.frames import check_server_frame


class Visitor:
    """One open connection."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._count = 0
        self.seen: list[dict[str, Any]] = []
        """All frames received so far, in order."""

    async def send_text(self, text: str) -> None:
        """Send a raw text frame."""
        await self._socket.send(text)

    async def send(
        self, kind: str, data: Mapping[str, Any] | None = None, *, frame_id: str | None = None, **fields: object
    ) -> str:
        """Send a frame, with `fields` beside its data, and return its id."""
        self._count += 1
        frame_id = frame_id or f"{kind}-{self._count}"
        await self._socket.send(json.dumps({"v": 1, "type": kind, "id": frame_id, "data": data or {}, **fields}))
        return frame_id

    async def receive(self, timeout_seconds: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """Return the next frame."""
        text = await asyncio.wait_for(self._socket.recv(), timeout_seconds)
        check_server_frame(text)
        frame: dict[str, Any] = json.loads(text)
        self.seen.append(frame)
        return frame

    async def until(
        self, *kinds: str, re: str | None = None, timeout_seconds: float = DEADLINE_SECONDS
    ) -> dict[str, Any]:
        """Return the next frame that has one of these types, and answers `re` if given."""
        async with asyncio.timeout(timeout_seconds):
            while True:
                frame = await self.receive(timeout_seconds)
                if frame["type"] in kinds and (re is None or frame.get("re") == re):
                    return frame

    async def ask(
        self, kind: str, data: Mapping[str, Any] | None, *ends: str, frame_id: str | None = None, **fields: object
    ) -> dict[str, Any]:
        """Send a command and return the frame that ends it: one of `ends`, or an error."""
        sent_id = await self.send(kind, data, frame_id=frame_id, **fields)
        return await self.until(*ends, "error", re=sent_id)

    async def hello(self, last_seq: int = 0, **data: Any) -> dict[str, Any]:
        """Open or resume the conversation."""
        return await self.ask("hello", {"last_seq": last_seq, **data}, "welcome")

    async def quiet(self, seconds: float = 0.6) -> list[dict[str, Any]]:
        """Return the frames that arrive until none has arrived for `seconds`."""
        frames = []
        while True:
            try:
                frames.append(await self.receive(seconds))
            except TimeoutError:
                return frames


@asynccontextmanager
async def visiting(
    websocket_url: str,
    tenant: str,
    *,
    origin: str | None,
    session: str | None = None,
    greet: bool = True,
    locale: str = "en",
) -> AsyncIterator[Visitor]:
    """Connect, send `hello`, and close at the end."""
    query = {"tenant": tenant, **({"session": session} if session else {})}
    async with websockets.connect(f"{websocket_url}?{urlencode(query)}", origin=origin, max_size=64 * 1024) as socket:
        visitor = Visitor(socket)
        if greet:
            await visitor.hello(locale=locale, tz="Europe/Warsaw")
        yield visitor


class Visit:
    """Opens connections to the stack as the page of the business does."""

    def __init__(self, websocket_url: str, tenant: str, site_url: str) -> None:
        self._websocket_url = websocket_url
        self._tenant = tenant
        self._site_url = site_url

    def __call__(self, **options: Any) -> AbstractAsyncContextManager[Visitor]:
        """Return the connection, to be used in an `async with`."""
        options.setdefault("origin", self._site_url)
        tenant = options.pop("tenant", self._tenant)
        return visiting(self._websocket_url, tenant, **options)
