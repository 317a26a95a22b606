"""A client of the protocol, as `widget/chat.js` is one: a page with an outbox, over as many connections as it takes.

It is written from the protocol, and not from the widget, so that a mistake of both would be a coincidence.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.resume.gateway import Gateway, Line


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a page waits, in seconds; `widget/socket.js` has more."""

    welcome: float = 6.0
    ack: float = 3.0
    gap: float = 1.0
    silence: float = 1.5
    ping: float = 5.0
    """Where nothing is awaited."""
    pong: float = 2.0
    backoff_base: float = 0.05
    backoff_max: float = 1.5


@dataclass
class Browser:
    """What the tabs of a visitor share: the token and the commands without an ack."""

    token: str | None = None
    commands: dict[str, dict[str, Any]] = field(default_factory=dict)
    session_id: str = ""


class Page:
    """One page of one tab, until it is closed or reloaded. `log` is what it displays: each durable frame once."""

    def __init__(self, gateway: Gateway, browser: Browser, chance: random.Random, timeouts: Timeouts) -> None:
        self._gateway = gateway
        self._browser = browser
        self._chance = chance
        self._timeouts = timeouts
        self._inbox: asyncio.Queue[tuple[Line, dict[str, Any] | None]] = asyncio.Queue()
        self._waiting = list(browser.commands.values())
        self._accepted: set[str] = set()
        self._answered: set[str] = set()
        self._ahead: dict[int, dict[str, Any]] = {}
        self._attempt = 0
        self._hellos = 0
        self._sent_at = self._asked_at = self._heard_at = 0.0
        self._pinged_at: float | None = None
        self._postponed_until: float | None = None
        self._successor: Line | None = None
        self.line: Line | None = None
        self.on_line: Callable[[Line], None] = lambda _line: None
        """Called with each line before its first frame."""
        self.log: list[dict[str, Any]] = []
        self.welcomes = 0
        self.repeated = 0
        """How many durable frames came again."""

    @property
    def last_seq(self) -> int:
        """Return the number of the last frame that is displayed."""
        return len(self.log)

    @property
    def is_welcomed(self) -> bool:
        """Whether a command would be sent at once."""
        return self.line is not None and self._hellos == 0

    def say(self, frame: dict[str, Any]) -> None:
        """Send a command now or as soon as possible."""
        self._browser.commands[frame["id"]] = frame
        self._waiting.append(frame)
        if len(self._waiting) == 1 and self.is_welcomed:
            self._send_first()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                line = await self._gateway.connect(self._browser.token, self._hear)
                if line is not None:
                    await self._use(line)
                ceiling = min(self._timeouts.backoff_max, self._timeouts.backoff_base * 2**self._attempt)
                self._attempt += 1
                await asyncio.sleep(self._chance.uniform(ceiling / 2, ceiling))
        finally:
            for line in (self.line, self._successor):
                if line is not None:
                    line.close()
            self.line = self._successor = None

    def move(self) -> None:
        """Open the next connection before this one ends, as before the two hours are over."""
        if self.is_welcomed and self._successor is None:
            self._gateway.start(self._open_successor())

    async def _open_successor(self) -> None:
        line = await self._gateway.connect(self._browser.token, self._hear)
        if line is None:
            return
        if self.line is None or self._successor is not None:
            line.close()
            return
        self.on_line(line)
        self._successor = line
        self._send_hello(line)

    def _hear(self, line: Line, text: str) -> None:
        frame = json.loads(text)
        self._inbox.put_nowait((line, frame if frame.get("v") == 1 else None))

    async def _use(self, line: Line) -> None:
        self.on_line(line)
        self.line = line
        self._greet(line)
        while not self._is_broken():
            try:
                async with asyncio.timeout(0.25):
                    source, frame = await self._inbox.get()
            except TimeoutError:
                continue
            if frame is not None:
                self._receive(source, frame)
        if self.line is not None:
            self.line.close()
        if self._successor is not None:
            self._successor.close()
        self.line = self._successor = None
        self._hellos = 0

    def _greet(self, line: Line) -> None:
        self._hellos += 1
        self._send_hello(line)

    def _send_hello(self, line: Line) -> None:
        self._asked_at = self._heard_at = _read_time()
        self._pinged_at = None
        data = {"last_seq": self.last_seq, "locale": "en", "tz": "Europe/Warsaw", "capabilities": ["progress"]}
        line.send(_write("hello", f"hello-{self._chance.getrandbits(48):x}", data))

    def _is_broken(self) -> bool:
        """Ask where a line is silent; return whether it has to be replaced."""
        line, now, timeouts = self.line, _read_time(), self._timeouts
        if line is None or line.closed.is_set():
            if self._successor is not None and not self._successor.closed.is_set():
                # The old connection is gone before the new one was welcomed: go on with that.
                self.line, self._successor, self._hellos = self._successor, None, 1
                return False
            return True
        if self._hellos:
            return now - self._asked_at > timeouts.welcome
        if self._postponed_until is not None and now > self._postponed_until:
            self._send_first()
        if self._waiting and now - self._sent_at > timeouts.ack:
            return True
        if self._ahead and now - self._asked_at > timeouts.gap:
            self._send_hello(line)
        if self._pinged_at is not None:
            return now - self._pinged_at > timeouts.pong
        quiet = timeouts.silence if self._accepted - self._answered else timeouts.ping
        if now - self._heard_at > quiet:
            self._pinged_at = now
            line.send(_write("ping", f"ping-{self._chance.getrandbits(48):x}", {}))
        return False

    def _receive(self, line: Line, frame: dict[str, Any]) -> None:
        self._heard_at, self._pinged_at = _read_time(), None
        kind, re = frame["type"], frame.get("re")
        if kind == "welcome":
            self._accept_welcome(line, frame)
        elif kind == "error" and str(re).startswith("hello-"):
            line.cut(notice_seconds=0)
        elif kind == "error" and frame["data"]["code"] == "RATE_LIMITED" and "seq" not in frame:
            # Not accepted: it stays first, and is sent again when the server says.
            self._postponed_until = _read_time() + frame["data"]["retry_after_ms"] / 1000
            self._sent_at = self._postponed_until
        elif re:
            self._drop(re)
        if "seq" in frame:
            self._accept_durable(frame)

    def _accept_welcome(self, line: Line, frame: dict[str, Any]) -> None:
        self.welcomes += 1
        self._ahead.clear()
        self._browser.token = frame["data"]["session"]
        self._browser.session_id = self._browser.session_id or frame["data"]["session_id"]
        assert self._browser.session_id == frame["data"]["session_id"], "the conversation was lost"
        if line is self._successor:
            if self.line is not None:
                self.line.close()
            self.line, self._successor = line, None
        elif line is not self.line:
            return
        self._hellos = 0
        self._attempt = 0
        self._send_first()

    def _drop(self, command_id: str) -> None:
        if self._browser.commands.pop(command_id, None):
            self._accepted.add(command_id)
        first = self._waiting[0]["id"] if self._waiting else None
        self._waiting = [frame for frame in self._waiting if frame["id"] != command_id]
        if first == command_id:
            self._send_first()

    def _send_first(self) -> None:
        self._postponed_until = None
        if self._waiting and self.line is not None:
            self._sent_at = _read_time()
            self.line.send(json.dumps(self._waiting[0]))

    def _accept_durable(self, frame: dict[str, Any]) -> None:
        if frame["seq"] <= self.last_seq:
            self.repeated += 1
            return
        self._ahead[frame["seq"]] = frame
        while following := self._ahead.pop(self.last_seq + 1, None):
            self.log.append(following)
            if following["type"] == "chat.sent":
                self._accepted.add(following["re"])
            if following["type"] in {"chat.final", "error"}:
                self._answered.add(following["re"])


def _write(kind: str, frame_id: str, data: dict[str, Any]) -> str:
    return json.dumps({"v": 1, "type": kind, "id": frame_id, "data": data})


def build_message(frame_id: str, text: str) -> dict[str, Any]:
    """Return a message of the visitor."""
    return {"v": 1, "type": "chat.send", "id": frame_id, "data": {"text": text}}


def _read_time() -> float:
    return asyncio.get_running_loop().time()
