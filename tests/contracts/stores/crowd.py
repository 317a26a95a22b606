"""A crowd that concurrently books, confirms, moves and cancels at random through the booking handler."""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from shared.claims import Claim, Done
from shared.conversations.takeover import ConversationTail
from shared.errors import TransientError
from shared.ids import derive_command_key, new_id
from shared.messages.commands import BOOKING_COMMAND
from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from shared.verification_codes import derive_verification_code
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.conversations import FakeConversations
from tests.fakes.figures import FakeMetrics
from tests.fakes.ingress import FakeTokenStates
from tests.fakes.internal_commands import FakeCommands, FakeSchedules, FakeSyncTokens
from tests.fakes.notices import FakeNotices
from tests.fakes.query_answers import FakeAnswers
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.tenants import FakeTenants
from workers.booking.handler import BookingHandler, BookingPorts

SECRET = b"the crowd's secret"
LEASE = timedelta(seconds=30)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_OVER = frozenset({ErrorCode.CODE_EXPIRED, ErrorCode.UNKNOWN_APPOINTMENT, ErrorCode.TOO_MANY_ATTEMPTS})
DAYS = 5
"""The last day is kept free for the rushes."""
CAP = 12
TRIES = 40
"""Far more attempts than a queue allows: a command that needs more never succeeds."""

PROFILE = TenantProfile.model_validate(
    {
        "name": "Salon",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "resources": [{"id": "anna"}, {"id": "tom"}, {"id": "room", "seats": 3}],
        "services": [
            {"id": "cut", "name": {"en": "Cut"}, "duration_minutes": 30, "resources": ["anna", "tom"]},
            {
                "id": "colour",
                "name": {"en": "Colour"},
                "duration_minutes": 90,
                "step_minutes": 30,
                "buffer_before_minutes": 10,
                "buffer_after_minutes": 20,
                "resources": ["tom"],
            },
            {
                "id": "class",
                "name": {"en": "Class"},
                "duration_minutes": 60,
                "buffer_after_minutes": 15,
                "resources": ["room"],
                "max_per_day": CAP,
            },
            {
                "id": "massage",
                "name": {"en": "Massage"},
                "duration_minutes": 60,
                "step_minutes": 20,
                "resources": ["anna"],
            },
        ],
        "opening_hours": {day: ["09:00-13:00", "14:00-18:00"] for day in WEEKDAYS},
        "minimum_notice_minutes": 0,
        "horizon_days": DAYS,
        "senders": {"email": "salon@example.com"},
    }
)


class RecordingReplies:
    """`Replies` that keep the last frame of each command; delivery to visitors is tested elsewhere."""

    def __init__(self, claims):
        self._claims = claims
        self.ended = {}
        self.whose = {}

    async def list_connections(self, session_id, *, may_lag=False):
        return ()

    async def recover_outcome(self, session_id, *, claim):
        return None

    async def get_tail(self, session_id):
        return ConversationTail()

    async def store_in_steps_and_post(self, session_id, frame, *, claim, after, tenant=None):
        return await self.store_and_post(session_id, frame, claim=claim, tenant=tenant)

    async def store_and_post(self, session_id, frame, *, claim, marker="outcome", tenant=None):
        await self._claims.complete(claim)
        self.ended[claim.key] = frame
        self.whose[id(frame)] = session_id
        return frame


@dataclass
class Visitor:
    """One visitor with one browser, who sends one command after the other."""

    number: int
    session: str = field(default_factory=new_id)
    appointment: str | None = None
    state: str = "idle"
    service: object = None


@dataclass
class Crowd:
    """The visitors of one business, its handler, and the outcomes."""

    store: object
    claims: object
    clock: FakeClock
    chance: random.Random
    tenant: str = field(default_factory=new_id)
    outcomes: Counter = field(default_factory=Counter)
    visitors: list = field(default_factory=list)
    born: int = 0
    groups: defaultdict = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """The queue's message groups: it delivers one message of a group at a time."""
    on_blocked_times: list = field(default_factory=list)
    """The visits that a visitor has put where the owner was busy all the time from the command to its end."""

    def __post_init__(self):
        self.replies = RecordingReplies(self.claims)
        self.calendar = FakeCalendar("calendar")
        self.notices, self.commands, self.schedules = FakeNotices(), FakeCommands(), FakeSchedules()
        self.commands.clock = self.clock
        ports = BookingPorts(
            appointments=self.store,
            calendar=self.calendar,
            notices=self.notices,
            tenants=FakeTenants({self.tenant: PROFILE}),
            erasure=FakeConversations(FakeClaims(self.clock)),
            tokens=FakeTokenStates(),
            suppressions=FakeSuppressions(),
            metrics=FakeMetrics(),
            clock=self.clock,
            commands=self.commands,
            answers=FakeAnswers(),
            schedules=self.schedules,
            sync_tokens=FakeSyncTokens(),
            code_key=SECRET,
            email_enabled=True,
            holds_per_address=1000,
            held_share_percent=100,
            # A busy machine must not look like a calendar that can't be read: then the owner's times are not checked.
            calendar_check_seconds=DEADLINE_SECONDS,
        )
        self.handler = BookingHandler(ports=ports, replies=self.replies, claims=self.claims)

    async def mixed(self, attempts):
        """Let as many visitors send random commands concurrently; return their frames."""
        return await asyncio.gather(*(self._act(visitor) for visitor in self._draw_visitors(attempts)))

    async def rush(self, attempts, service, start):
        """Let as many visitors request the same time concurrently."""
        wanted = PROFILE.find_service(service)
        wishes = (self._create(Visitor(self._next_number()), wanted, start) for _ in range(attempts))
        return await asyncio.gather(*wishes)

    async def book(self, service, start):
        """Let a visitor book a time with the right code; return the confirmed visit."""
        visitor = Visitor(self._next_number())
        contact = f"{visitor.session}@example.com"
        pending = await self._send(visitor, "create", start=start.isoformat(), contact=contact, service=service)
        visit_id = pending.data.appointment_id
        code = derive_verification_code(SECRET, visit_id, 1)
        await self._send(visitor, "verify", appointment_id=visit_id, code=code)
        return await self.store.find(visit_id)

    async def _act(self, visitor):
        draw = self.chance.random()
        if visitor.state == "held" and draw < 0.6:
            return await self._verify(visitor)
        if visitor.state == "confirmed" and draw < 0.35:
            return await self._send(visitor, "cancel", appointment_id=visitor.appointment)
        if visitor.appointment and draw < 0.85:
            start = self.draw_start(visitor.service).isoformat()
            return await self._send(visitor, "reschedule", appointment_id=visitor.appointment, start=start)
        service = self.chance.choice(PROFILE.services)
        return await self._create(visitor, service, self.draw_start(service))

    async def _create(self, visitor, service, start):
        # Mostly a new contact: quotas are tested elsewhere, and would leave the crowd little to do.
        name = f"visitor{visitor.number}" + ("" if self.chance.random() < 0.1 else f"-{self._next_number()}")
        contact = f"{name}@example.com"
        frame = await self._send(visitor, "create", start=start.isoformat(), contact=contact, service=service.id)
        if frame.type == "booking.pending":
            visitor.appointment, visitor.state, visitor.service = frame.data.appointment_id, "held", service
        return frame

    async def _verify(self, visitor):
        right = self.chance.random() < 0.9
        code = derive_verification_code(SECRET, visitor.appointment, 1) if right else "000000"
        return await self._send(visitor, "verify", appointment_id=visitor.appointment, code=code)

    async def _send(self, visitor, kind, **data):
        client_id = new_id()
        late = timedelta(seconds=self.chance.randrange(60))
        command = BOOKING_COMMAND.validate_python(
            {
                "id": derive_command_key(self.tenant, visitor.session, client_id),
                "type": f"booking.{kind}",
                "tenant": self.tenant,
                "session_id": visitor.session,
                "client_id": client_id,
                "connection_id": "c",
                "accepted_at": self.clock.now() - late,
                "locale": "en",
                "data": data,
            }
        )
        async with self.groups[visitor.session]:
            before = list(self.calendar.owners["calendar"])
            frame = await self._handle_with_retries(command)
            if frame.type in {"booking.confirmed", "booking.rescheduled"}:
                await self._check_owner_was_free(command, frame, before)
        self.outcomes[f"{kind}: {frame.data.code if frame.type == 'error' else frame.type}"] += 1
        match frame.type:
            case "booking.confirmed":
                visitor.state = "confirmed"
            case "booking.cancelled":
                visitor.appointment, visitor.state = None, "idle"
            case "error" if frame.data.code in _OVER:
                visitor.appointment, visitor.state = None, "idle"
        return frame

    async def _check_owner_was_free(self, command, frame, before):
        """Compare a visit with the owner's events that were there when its command began, and are there still."""
        visit = await self.store.find(frame.data.appointment_id)
        # By identity: the owner may delete an event and add an equal one later.
        unchanged = [event for event in self.calendar.owners["calendar"] if any(event is one for one in before)]
        if visit.is_changed_by(command.id) and any(event.overlaps(visit.blocked) for event in unchanged):
            self.on_blocked_times.append(visit)

    async def carry_out_queued(self):
        """Carry out the internal commands that are queued or due: groups concurrently, each in its order."""
        bodies, self.commands.bodies = self.commands.bodies, []
        by_group = defaultdict(list)
        for command in self.schedules.due(self.clock.now()):
            by_group[command.session_id].append(command)
        for group, body in bodies:
            by_group[group].append(BOOKING_COMMAND.validate_json(body))
        await asyncio.gather(*(self._carry_out_group(*of_group) for of_group in by_group.items()))

    async def _carry_out_group(self, group, commands):
        for command in commands:
            async with self.groups[group]:
                await self._handle_with_retries(command)

    async def _handle_with_retries(self, command):
        """Act as the queue and the worker core do: retry after a transient error."""
        for _ in range(TRIES):
            try:
                claim = await self.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
            except TransientError:
                # A slow emulator: the client retries within its time limit, and so does the queue after it.
                self.outcomes["tried again"] += 1
                continue
            if isinstance(claim, Done):
                return self.replies.ended.get(command.claim_key)
            assert isinstance(claim, Claim)
            try:
                await self.handler.handle(command, claim)
                return self.replies.ended.get(command.claim_key)
            except TransientError:
                self.outcomes["tried again"] += 1
                await self.claims.release(claim)
                await asyncio.sleep(self.chance.random() * 0.05)
        raise AssertionError(f"{command.type} was tried {TRIES} times in vain")

    def _draw_visitors(self, attempts):
        """Draw the visitors who act: as many as possible with appointments, and the rest new ones."""
        busy = [visitor for visitor in self.visitors if visitor.appointment]
        drawn = self.chance.sample(busy, min(len(busy), attempts // 2))
        fresh = [Visitor(self._next_number()) for _ in range(attempts - len(drawn))]
        self.visitors += fresh
        return [*drawn, *fresh]

    def _next_number(self):
        self.born += 1
        return self.born

    def draw_start(self, service):
        """Return a popular start within the next days, and sometimes one that is not offered."""
        day = 1 + min(int(self.chance.expovariate(1.2)), DAYS - 2)
        opens = self.clock.now().astimezone(PROFILE.zone).replace(hour=9, minute=0, second=0, microsecond=0)
        step = 25 if self.chance.random() < 0.03 else service.step
        return opens + timedelta(days=day, hours=self.chance.choice((0, 0, 5)), minutes=step * self.chance.randrange(5))
