"""Who floods, and with what: the rows of the flood table."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

What = Literal["chats", "questions", "holds", "moves", "hellos", "connects"]
KINDS: tuple[What, ...] = ("chats", "questions", "holds", "moves", "hellos", "connects")
SERVICE = "consultation"
MARK = "flood"
"""In each text and address of a flood, so that what it caused is found."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Those who flood one business together."""

    name: str
    sessions: int
    addresses: int

    @property
    def reaches_neighbours(self) -> bool:
        """Return whether the budget of the business is used up, which its other visitors feel, too."""
        return self.addresses > 1


CROWDS = (
    Crowd("one session", 1, 1),
    Crowd("one address", 50, 1),
    Crowd("97 addresses", 97, 97),
    Crowd("one tenant", 300, 300),
)


@dataclass(frozen=True, slots=True)
class Flooder:
    """One session of a flood."""

    number: int
    tenant: str
    session_id: str
    connection_id: str
    source_ip: str


def list_flooders(crowd: Crowd, tenant: str) -> list[Flooder]:
    """Return the sessions of a flood; each address is in a network of its own."""
    return [
        Flooder(
            number,
            tenant,
            f"{tenant}-session-{number}",
            f"{tenant}-connection-{number}",
            f"{20 + number % crowd.addresses // 200}.{number % crowd.addresses % 200}.0.7",
        )
        for number in range(crowd.sessions)
    ]


@dataclass(slots=True)
class FloodFrames:
    """The frames of a flood; each has another id and, where it matters, other content."""

    what: What
    starts: list[str]
    visits: dict[int, list[str]]
    """The confirmed visits of flooders that move them, by the flooder's number."""
    sent: int = 0

    def build(self, flooder: Flooder) -> str:
        """Return the next frame of a flooder."""
        self.sent += 1
        number = self.sent
        kind, data = self._build_content(flooder, number)
        return json.dumps({"v": 1, "type": kind, "id": f"{MARK}-{number}", "data": data})

    def _build_content(self, flooder: Flooder, number: int) -> tuple[str, dict[str, Any]]:
        match self.what:
            case "chats":
                return "chat.send", {"text": f"What does a massage cost, and what helps a knee? {MARK} {number}"}
            case "questions":
                return "booking.slots", {"days": 14}
            case "holds":
                return "booking.create", build_request(
                    self.starts[number % len(self.starts)], f"{flooder.tenant}-{number}"
                )
            case "moves":
                visits = self.visits.get(flooder.number) or [f"{number:032d}"]
                start = self.starts[(number * 7) % len(self.starts)]
                return "booking.reschedule", {"appointment_id": visits[number % len(visits)], "start": start}
            case _:
                return "hello", {"last_seq": 0}


def build_request(start: str, name: str) -> dict[str, Any]:
    """Return the data of a booking by a visitor with an address of their own."""
    return {"start": start, "service": SERVICE, "contact": f"{name}@{MARK}.example"}


def list_rows(crowds: str = "", kinds: str = "") -> Iterator[tuple[Crowd, What]]:
    """Yield the rows whose crowd and kind contain the given texts."""
    for crowd in CROWDS:
        for what in KINDS:
            if crowds in crowd.name and kinds in what:
                yield crowd, what
