"""A WebSocket server for one test: it keeps sessions and answers as the test scripts it."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from shared.messages import server
from shared.messages.client import CLIENT_FRAME
from tests.deadlines import DEADLINE_SECONDS

QUERIES = frozenset({"booking.slots", "booking.lookup"})
"""Queries: they change nothing and have no ack."""
DISCLOSURE = {"pl": "Rozmawiasz z asystentem AI.", "en": "You are talking to an AI assistant."}


@dataclass
class Session:
    """A visitor's lasting conversation: its durable frames and its open connections."""

    token: str
    frames: list[server.ServerFrame] = field(default_factory=list)
    connections: list["Connection"] = field(default_factory=list)

    async def store(self, frame: server.ServerFrame) -> None:
        """Number a durable frame, store it and post it to every connection."""
        numbered = frame.with_seq(len(self.frames) + 1, frame.at)
        self.frames.append(numbered)
        await self.post(numbered)

    async def post(self, frame: server.ServerFrame) -> None:
        """Send a frame to every open connection."""
        for connection in list(self.connections):
            await connection.send(frame)


@dataclass
class Connection:
    """One WebSocket and the frames received on it."""

    socket: ServerConnection
    query: dict[str, str]
    session: Session
    received: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, frame: server.ServerFrame) -> None:
        """Send a frame; ignore a closed socket."""
        await self.send_text(frame.to_wire_text())

    async def send_text(self, text: str) -> None:
        """Send any text, also one that violates the protocol."""
        try:
            await self.socket.send(text)
        except ConnectionClosed:
            return


Handler = Callable[[Connection, dict[str, Any]], Awaitable[None]]


class ScriptedBackend:
    """Welcomes, acknowledges and keeps the history; `on[type]` is the handler of a command."""

    def __init__(self) -> None:
        self.on: dict[str, Handler] = {}
        self.acknowledges = True
        self.refuses: Callable[[dict[str, str]], bool] = lambda _query: False
        self.attempts: list[dict[str, str]] = []
        self.connections: list[Connection] = []
        self.sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._arrived = asyncio.Condition()
        self._server: Server
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vanish()

    @property
    def url(self) -> str:
        """Return the address for the widget."""
        return f"ws://127.0.0.1:{self._port}/prod"

    async def listen(self) -> None:
        """Open the port; a second call opens the same one."""
        self._server = await serve(self._speak, "127.0.0.1", self._port, process_request=self._authorise)
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def vanish(self) -> None:
        """Close every connection and the port."""
        self._server.close()
        await self._server.wait_closed()

    def frames(self, frame_type: str) -> list[dict[str, Any]]:
        """Return every frame of a type, in the order of arrival on each connection."""
        return [
            frame for connection in self.connections for frame in connection.received if frame["type"] == frame_type
        ]

    def latest_frames(self, frame_type: str) -> list[dict[str, Any]]:
        """Return the frames of a type on the newest connection: the page before a reload may still have sent one."""
        return [frame for frame in self.connections[-1].received if frame["type"] == frame_type]

    async def wait_for(self, frame_type: str, count: int = 1) -> dict[str, Any]:
        """Wait for the `count`-th frame of a type, and return it."""
        await self.until(lambda: len(self.frames(frame_type)) >= count)
        return self.frames(frame_type)[count - 1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on the received frames holds."""
        async with asyncio.timeout(DEADLINE_SECONDS), self._arrived:
            await self._arrived.wait_for(condition)

    async def _authorise(self, _: ServerConnection, request: Request) -> Response | None:
        query = dict(parse_qsl(urlsplit(request.path).query))
        async with self._arrived:
            self.attempts.append(query)
            self._arrived.notify_all()
        if self.refuses(query):
            return Response(
                HTTPStatus.FORBIDDEN.value, "Forbidden", Headers({"Content-Length": "0", "Connection": "close"})
            )
        return None

    async def _speak(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        query = dict(parse_qsl(urlsplit(socket.request.path).query))
        connection = Connection(socket, query, self._session(query.get("session")))
        connection.session.connections.append(connection)
        self.connections.append(connection)
        try:
            async for text in socket:
                await self._receive(connection, json.loads(text))
        finally:
            connection.session.connections.remove(connection)

    def _session(self, token: str | None) -> Session:
        if token not in self.sessions:
            token = token or f"token-{next(self._numbers)}"
            self.sessions[token] = Session(token)
        return self.sessions[token]

    async def _receive(self, connection: Connection, frame: dict[str, Any]) -> None:
        CLIENT_FRAME.validate_python(frame)
        async with self._arrived:
            connection.received.append(frame)
            self._arrived.notify_all()
        if frame["type"] in self.on:
            await self.on[frame["type"]](connection, frame)
        elif frame["type"] == "hello":
            await self.welcome(connection, frame)
        elif frame["type"] == "ping":
            await connection.send(server.Pong(re=frame["id"]))
        elif self.acknowledges and frame["type"] not in QUERIES:
            await connection.send(server.Ack(re=frame["id"]))

    async def welcome(self, connection: Connection, frame: dict[str, Any]) -> None:
        """Answer a `hello`: the session, then every durable frame after `last_seq`."""
        session = connection.session
        data = server.WelcomeData(
            session_id=f"id-of-{session.token}",
            session=session.token,
            resume="ok" if "session" in connection.query else "new",
            disclosure=DISCLOSURE.get(frame["data"].get("locale", "pl"), DISCLOSURE["en"]),
        )
        await connection.send(server.Welcome(re=frame["id"], data=data))
        for stored in session.frames[frame["data"].get("last_seq", 0) :]:
            await connection.send(stored)
