"""Who uses the simulated system: visitors whose waits are measured, and those who flood it."""

import itertools
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from api_gateway_ws.authorizer import ConnectRequest
from api_gateway_ws.sender import Sender
from bench.floods.simulation.system import KEY, ORIGIN, System
from shared.claims import Claim
from shared.ids import derive_command_key, derive_id
from shared.messages.commands import BOOKING_COMMAND
from shared.messages.notices import NOTICE, AnyNotice
from shared.messages.server import ServerFrame
from shared.trace import Trace
from shared.verification_codes import derive_verification_code

TRACE = Trace(root="1-5759e988-bd862e3fe1be46a994272793", parent="53995c3f42cd8ad8", sampled=True)
SERVICE = "massage"
_LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a visitor waited for."""

    what: str
    began: datetime
    connection_id: str = ""
    frame_id: str = ""
    command_key: str = ""
    address: str = ""
    appointment_id: str = ""


@dataclass
class Visitors:
    """Makes visitors and sends their frames."""

    system: System
    waits: list[Wait] = field(default_factory=list)
    unconfirmed: list[tuple[Sender, str]] = field(default_factory=list)
    """Who has asked for a visit, and its id."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def open(self, tenant: str, session_id: str, source_ip: str) -> Sender:
        """Return a visitor who is connected."""
        sender = Sender(
            tenant=tenant, session_id=session_id, connection_id=f"tab-{session_id}", locale="en", source_ip=source_ip
        )
        self.system.ingress.register_connection(sender)
        return sender

    def send(self, sender: Sender, kind: str, data: dict[str, object], frame_id: str = "") -> ServerFrame | None:
        """Send a frame, and return its answer."""
        text = json.dumps({"v": 1, "type": kind, "id": frame_id or f"f{next(self._numbers)}", "data": data})
        return self.system.ingress.answer_frame(text, sender, trace=TRACE)

    def connect(self, tenant: str, source_ip: str) -> bool:
        """Open a new session over the authorizer; return whether it is registered."""
        request = ConnectRequest(tenant, ORIGIN, None, None, None, source_ip)
        grant = self.system.authorizer.authorize(request)
        if grant is None:
            return False
        sender = Sender(
            tenant=tenant,
            session_id=grant.session_id,
            connection_id=grant.session_id,
            locale="en",
            source_ip=source_ip,
            limited_until=grant.limited_until,
        )
        self.system.ingress.register_connection(sender)
        return (grant.session_id, grant.session_id) in self.system.connections.rows

    async def arrive(self, tenant: str, start: str) -> None:
        """Let visitors come at once: they ask the assistant, ask for times, book, and get the e-mail of a visit."""
        number, now = next(self._numbers), self.system.clock.now()
        for what, kind, data in (
            ("chat first words", "chat.send", {"text": "Hello"}),
            ("slots", "booking.slots", {"service": SERVICE, "days": 2}),
            ("hold", "booking.create", {"service": SERVICE, "start": start, "contact": f"v{number}@visitors.example"}),
        ):
            visitor = self.open(tenant, f"visitor-{number}-{kind}", f"203.{number // 250}.{number % 250}.9")
            self.send(visitor, kind, data, "request")
            key = derive_command_key(tenant, visitor.session_id, "request")
            self.waits.append(Wait(what, now, visitor.connection_id, "request", key))
            if what == "hold":
                self.unconfirmed.append((visitor, derive_id(key, "appointment")))
        self.waits.append(Wait("code", now, address=f"v{number}@visitors.example"))
        address = f"c{number}@visitors.example"
        await self.system.notices.put(build_confirmation(tenant, number, address, now))
        self.waits.append(Wait("confirmation", now, address=address))

    def confirm(self) -> None:
        """Let those who have asked for a visit send its code; the visit is entered into the calendar."""
        for visitor, visit in self.unconfirmed:
            code = derive_verification_code(KEY, visit, 1)
            self.send(visitor, "booking.verify", {"appointment_id": visit, "code": code})
            self.waits.append(Wait("event", self.system.clock.now(), appointment_id=visit))
        self.unconfirmed.clear()

    async def book_visit(self, visitor: Sender, start: str, contact: str) -> str:
        """Let a visitor have a confirmed visit, beside the queues; return its id."""
        frame_id = f"own-{next(self._numbers)}"
        key = derive_command_key(visitor.tenant, visitor.session_id, frame_id)
        visit = derive_id(key, "appointment")
        await self._handle(visitor, frame_id, "create", {"start": start, "contact": contact, "service": SERVICE})
        code = derive_verification_code(KEY, visit, 1)
        await self._handle(visitor, f"{frame_id}-code", "verify", {"appointment_id": visit, "code": code})
        assert visit in {row for row, _ in self.system.appointments.rows}
        return visit

    async def _handle(self, visitor: Sender, frame_id: str, kind: str, data: dict[str, object]) -> None:
        key = derive_command_key(visitor.tenant, visitor.session_id, frame_id)
        command = BOOKING_COMMAND.validate_python(
            {
                "id": key,
                "type": f"booking.{kind}",
                "tenant": visitor.tenant,
                "session_id": visitor.session_id,
                "client_id": frame_id,
                "connection_id": visitor.connection_id,
                "accepted_at": self.system.clock.now(),
                "locale": "en",
                "source_ip": visitor.source_ip,
                "data": data,
            }
        )
        claim = await self.system.claims.claim(key, fingerprint="f", lease=_LEASE)
        assert isinstance(claim, Claim)
        await self.system.booking.handle(command, claim)

    def list_waits(self, since: datetime, until: datetime) -> dict[str, list[float]]:
        """Return the seconds that visitors of a time waited; infinite where what they wanted never came."""
        system = self.system
        posted: dict[tuple[str, str], tuple[datetime, str]] = {}
        for (connection, text), at in zip(system.poster.posted, system.poster.times, strict=True):
            frame = json.loads(text)
            if frame["type"] in {"booking.slots", "booking.pending"}:
                posted[connection, frame.get("re", "")] = (at, frame["type"])
        mails = dict(reversed(system.mailer.sent))
        waits: defaultdict[str, list[float]] = defaultdict(list)
        for wait in self.waits:
            if not since <= wait.began < until:
                continue
            match wait.what:
                case "chat first words":
                    end = system.answers.began.get(wait.command_key)
                case "code" | "confirmation":
                    end = mails.get(wait.address)
                case "event":
                    end = system.calendar.entered.get(wait.appointment_id)
                case _:
                    end, _ = posted.get((wait.connection_id, wait.frame_id), (None, ""))
            waits[wait.what].append((end - wait.began).total_seconds() if end else float("inf"))
        return dict(waits)


def build_confirmation(tenant: str, number: int, contact: str, now: datetime) -> AnyNotice:
    """Return the notice of a visit that was confirmed."""
    facts = {
        "appointment_id": f"{number:032d}",
        "contact": contact,
        "name": "Jan",
        "service": SERVICE,
        "service_name": "Massage",
        "start": now + timedelta(days=8),
        "end": now + timedelta(days=8, minutes=30),
    }
    ics = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
    names = {"id": f"confirmed-{tenant}-{number}", "type": "notice.confirmed", "tenant": tenant}
    return NOTICE.validate_python(
        {**names, "session_id": f"visitor-{number}", "locale": "en", "accepted_at": now, "data": facts, "ics": ics}
    )


def close(system: System, visitors: Sequence[Sender]) -> None:
    """Let visitors go: their connections are closed."""
    for visitor in visitors:
        system.ingress.remove_connection(replace(visitor))
