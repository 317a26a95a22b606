"""Ingress and workers with their real guards, on fakes of all that they call, in virtual time.

Only the model is simulated coarsely: an answer takes 4.8 seconds. A call of the calendar takes `calendar_seconds`, an
e-mail `mail_seconds`. Each pool has 16 handlers, a quarter of what is deployed, so the limits of address and business
are smaller, too.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from api_gateway_ws.auth import SessionTokens
from api_gateway_ws.authorizer import ConnectAuthorizer
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.limits.connects import ConnectLimiter
from api_gateway_ws.limits.limiter import RateLimiter
from bench.floods.simulation.guards import Guard, build_rate_limits, build_share_limits
from bench.floods.simulation.queue import SimulatedQueue
from shared.claims import Claim
from shared.consumer.decode import Decoder
from shared.consumer.disposition import RetryPolicy
from shared.consumer.handler import Handler
from shared.consumer.lease import LeaseKeeper
from shared.consumer.overload import OverloadGuard, Shedding
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.process import Processor
from shared.consumer.settle import Settler
from shared.consumer.stop import Stop
from shared.consumer.telemetry import Telemetry
from shared.conversations.replies import Replies
from shared.email_links import Links
from shared.messages.commands import (
    BOOKING_COMMAND,
    CHAT_COMMAND,
    AnyCommand,
    BookingLookup,
    BookingSlots,
    InternalBookingCommand,
)
from shared.messages.notices import NOTICE, AnyNotice, SendCode
from shared.tenants.profile import TenantProfile
from shared.tenants.rate_limits import RateLimits
from tests.fakes.appointments import FakeAppointments
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.challenges import FakeChallenges
from tests.fakes.claims import FakeClaims
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.figures import FakeMetrics
from tests.fakes.ingress import FakeBlockingPoster, FakeJudgements, FakeSessions, FakeTokenStates
from tests.fakes.internal_commands import FakeSchedules, FakeSyncTokens
from tests.fakes.notices import FakeAlerts, FakeEmailTemplates, FakeTextMessageTemplates
from tests.fakes.query_answers import FakeAnswers
from tests.fakes.rate_counters import FakeDigests, FakeRateCounters
from tests.fakes.request_leases import FakeRequestLeases
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.tenants import FakeProfiles, FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.fakes.visit_changes import FakeVisitChanges
from workers.booking.adapters.cached_calendar import CachedCalendar
from workers.booking.adapters.google.budget import RequestBudget
from workers.booking.adapters.google.budgeted_calendar import BudgetedCalendar
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.request_budget import Lease
from workers.booking.handler import BookingHandler
from workers.booking.handler.late_queries import LateQueries
from workers.booking.ports import Calendar, CalendarEvent
from workers.chat.handler.shedding import ChatShedding
from workers.notifications.dependencies import NotificationPorts
from workers.notifications.domain import CONTACT_BURST, CONTACT_NOTICES_PER_MINUTE, MAX_SEND_WAIT, Email
from workers.notifications.handler import NotificationHandler

HANDLERS = 16
ANSWER_SECONDS = 4.8
NOTICES_PER_MINUTE = 300
KEY = b"a secret of the deployment"
ORIGIN = "https://salon.example"
LIMITS = "address.chats=80,address.queries=500,address.commands=120,business.chats=160,business.queries=1000"
"""Address and business may send less than what is deployed, as the pools are smaller; a session as much."""
_START = datetime(2026, 1, 12, 12, tzinfo=UTC)
_LEASE = timedelta(hours=1)


class LoopClock:
    """The time of the running loop, from a Monday at noon on."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """Return the current instant."""
        return _START + timedelta(seconds=asyncio.get_running_loop().time() - self._began)


class IdleLeases(LeaseKeeper):
    """Has no thread: nothing has to be extended in an hour, and a thread does not know virtual time."""

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""


class SlowCalendar(FakeCalendar):
    """A calendar whose answers about busy times take a while, and which notes when an event was first written."""

    def __init__(self, *calendar_ids: str, seconds: float, clock: LoopClock) -> None:
        super().__init__(*calendar_ids)
        self._seconds = seconds
        self._clock = clock
        self.entered: dict[str, datetime] = {}
        """By appointment."""

    async def find_busy_times(self, *arguments: Any, **options: Any) -> Any:
        """Return them after a while."""
        await asyncio.sleep(self._seconds)
        return await super().find_busy_times(*arguments, **options)

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Write the event."""
        await super().put(calendar_id, event, earlier=earlier)
        self.entered.setdefault(event.appointment_id, self._clock.now())


class UnsharedEvents(FakeRequestLeases):
    """Leases in which events may have all that is free."""

    async def lease(self, lease: Lease) -> bool:
        """Lease requests; those of an event are nobody's."""
        return await super().lease(
            replace(lease, holder=f"events {self.writes}") if lease.holder.startswith("events#") else lease
        )


class QueuedCommands:
    """`CommandPublisher` over the simulated queues."""

    def __init__(self, chat: SimulatedQueue, booking: SimulatedQueue) -> None:
        self._queues = {"chat": chat, "booking": booking}
        self.published: Counter[str] = Counter()
        """Commands of each session."""

    def publish(self, command: AnyCommand) -> None:
        """Queue a visitor's command, grouped by session."""
        name = "booking" if command.type.startswith("booking.") else "chat"
        self.published[command.session_id] += 1
        self._queues[name].send(command.model_dump_json(by_alias=True), group=command.session_id)


class QueuedInternalCommands:
    """`InternalCommandQueue` over the simulated queue: the events of visits follow by a command of their own."""

    def __init__(self, booking: SimulatedQueue) -> None:
        self._booking = booking

    async def put(self, command: InternalBookingCommand, *, group: str) -> None:
        """Queue a command."""
        await asyncio.sleep(0)
        self._booking.send(command.model_dump_json(by_alias=True), group=group)


class QueuedNotices:
    """`NoticeQueue` over the simulated queues; codes have one of their own."""

    def __init__(self, notices: SimulatedQueue, codes: SimulatedQueue) -> None:
        self._notices = notices
        self._codes = codes

    async def put(self, notice: AnyNotice) -> None:
        """Queue a notice."""
        await asyncio.sleep(0)
        queue = self._codes if isinstance(notice, SendCode) else self._notices
        queue.send(notice.model_dump_json(), group=notice.tenant)


class Mailer:
    """Takes a while for each e-mail, and notes when it was sent."""

    def __init__(self, clock: LoopClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self.sent: list[tuple[str, datetime]] = []

    async def send(self, email: Email) -> None:
        """Send an e-mail."""
        await asyncio.sleep(self._seconds)
        self.sent.append((email.recipient, self._clock.now()))


class TimedPoster(FakePoster):
    """Notes when each connection got which frame."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__()
        self._clock = clock
        self.times: list[datetime] = []
        self.bytes: Counter[str] = Counter()
        """What each connection got in all."""

    def post_now(self, connection_id: str, text: str) -> bool:
        """Send one text frame."""
        is_posted = super().post_now(connection_id, text)
        if is_posted:
            self.times.append(self._clock.now())
            self.bytes[connection_id] += len(text)
        return is_posted


class Answers:
    """Stands in for the chat handler: each answer takes a while, and costs a call of the model."""

    def __init__(self, claims: FakeClaims, clock: LoopClock) -> None:
        self._claims = claims
        self._clock = clock
        self.began: dict[str, datetime] = {}
        """When the answer to a message began, by the command's key."""
        self.calls: Counter[str] = Counter()
        """By business."""

    async def handle(self, message: Any, claim: Claim) -> str | None:
        """Answer a message."""
        self.began.setdefault(message.id, self._clock.now())
        self.calls[message.tenant] += 1
        await asyncio.sleep(ANSWER_SECONDS)
        await self._claims.complete(claim)
        return None

    async def repeat_outcome(self, message: Any, outcome_seq: int | None) -> str | None:
        """Do nothing."""

    async def refuse_reused_id(self, message: Any) -> None:
        """Do nothing."""

    async def give_up(self, message: Any, claim: Claim, reason: str) -> None:
        """End the message."""
        await self._claims.complete(claim)


class UnguardedQueries(LateQueries):
    """Late questions without one of the guards, or both."""

    def __init__(self, off: Collection[Guard], **ports: Any) -> None:
        super().__init__(**ports)
        self.off = off

    def is_late(self, query: BookingSlots | BookingLookup) -> bool:
        """Return whether it is refused."""
        return Guard.LATE_QUERIES not in self.off and super().is_late(query)

    async def drop_if_gone(self, query: BookingSlots | BookingLookup, claim: Claim) -> bool:
        """Drop it, if that guard is on."""
        return Guard.GONE_DROP not in self.off and await super().drop_if_gone(query, claim)

    def find_max_wait(self, message: Any) -> timedelta | None:
        """Return how long it may wait."""
        return None if Guard.LATE_QUERIES in self.off else super().find_max_wait(message)


class System:
    """Everything for some businesses, with some guards switched off."""

    def __init__(
        self,
        off: Collection[Guard],
        profiles: dict[str, TenantProfile],
        *,
        limits: str,
        calendar_seconds: float,
        mail_seconds: float,
        requests_per_minute: int,
        is_calendar_cached: bool = False,
    ) -> None:
        self.off = off
        self._limits = f"{LIMITS},{limits}" if limits else LIMITS
        self.clock = LoopClock()
        self.profiles = profiles
        self.claims = FakeClaims(self.clock)
        self.connections, self.poster = FakeConnections(self.clock), TimedPoster(self.clock)
        self.conversations = FakeConversations(self.claims)
        self.appointments = FakeAppointments(self.claims)
        self.calendar: SlowCalendar = SlowCalendar(
            *(each.calendar_id for each in profiles.values()), seconds=calendar_seconds, clock=self.clock
        )
        self.mailer = Mailer(self.clock, mail_seconds)
        self.answers = Answers(self.claims, self.clock)
        self.replies = Replies(conversations=self.conversations, connections=self.connections, poster=self.poster)
        self.queues = {
            name: SimulatedQueue(name=name, clock=self.clock)
            for name in ("chat.fifo", "booking.fifo", "notifications", "codes")
        }
        self.tokens = SessionTokens(["a key of the deployment"])
        self._build_edge()
        self._pools = [
            self._build_pool("chat.fifo", CHAT_COMMAND, self.answers, ChatShedding(replies=self.replies)),
            self._build_booking_pool(self._build_calendar(requests_per_minute, is_cached=is_calendar_cached)),
            *self._build_notice_pools(),
        ]

    @contextmanager
    def run(self) -> Iterator[None]:
        """Run the pools for the body; it must not end before their queues are empty."""
        stop = Stop()
        tasks = [asyncio.create_task(pool.run(stop)) for pool in self._pools]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    def _build_edge(self) -> None:
        sessions = FakeSessions(self.connections, self.conversations)
        limits = RateLimits().override(build_rate_limits(self.off, self._limits))
        shared: dict[str, Any] = {"counters": FakeRateCounters(), "digests": FakeDigests(), "limits": limits}
        frames = RateLimiter(**shared, clock=self.clock, random_source=lambda: 0.5)
        connects = ConnectLimiter(**shared, limiter=frames, connections=sessions, clock=self.clock)
        profiles, states = FakeProfiles(self.profiles), FakeTokenStates()
        self.commands = QueuedCommands(self.queues["chat.fifo"], self.queues["booking.fifo"])
        self.ingress = Ingress(
            publisher=self.commands,
            sessions=sessions,
            judgements=FakeJudgements(self.conversations),
            stops=self.claims,
            poster=FakeBlockingPoster(self.poster),
            profiles=profiles,
            tokens=self.tokens,
            states=states,
            limiter=frames,
            connect_limiter=connects,
            clock=self.clock,
        )
        self.authorizer = ConnectAuthorizer(
            profiles=profiles, tokens=self.tokens, states=states, limiter=connects, clock=self.clock
        )

    def _build_calendar(self, requests_per_minute: int, *, is_cached: bool) -> Calendar:
        calendar: Calendar = self.calendar
        if Guard.GOOGLE_BUDGET not in self.off:
            budget = RequestBudget(
                leases=UnsharedEvents() if Guard.EVENT_SHARE in self.off else FakeRequestLeases(),
                clock=self.clock,
                requests_per_minute=requests_per_minute,
                random_source=lambda: 0.5,
            )
            calendar = BudgetedCalendar(calendar, budget)
        return CachedCalendar(calendar, self.clock) if is_cached else calendar

    def _build_booking_pool(self, calendar: Calendar) -> Pool:
        codes = "notifications" if Guard.CODES_QUEUE in self.off else "codes"
        self.notices = QueuedNotices(self.queues["notifications"], self.queues[codes])
        ports = BookingPorts(
            appointments=self.appointments,
            calendar=calendar,
            challenges=None if Guard.CHALLENGE in self.off else FakeChallenges(),
            notices=self.notices,
            commands=QueuedInternalCommands(self.queues["booking.fifo"]),
            answers=FakeAnswers(),
            schedules=FakeSchedules(),
            sync_tokens=FakeSyncTokens(),
            tenants=FakeTenants(self.profiles),
            erasure=FakeConversations(FakeClaims(self.clock)),
            tokens=FakeTokenStates(),
            suppressions=FakeSuppressions(),
            metrics=FakeMetrics(),
            clock=self.clock,
            code_key=KEY,
            email_enabled=True,
            held_share_percent=100 if Guard.HELD_SHARE in self.off else 50,
        )
        handler = self.booking = BookingHandler(ports=ports, replies=self.replies, claims=self.claims)
        if off := set(self.off) & {Guard.LATE_QUERIES, Guard.GONE_DROP}:
            handler.late_queries = UnguardedQueries(off, replies=self.replies, claims=self.claims, clock=self.clock)
        return self._build_pool("booking.fifo", BOOKING_COMMAND, handler, handler.late_queries)

    def _build_notice_pools(self) -> Iterator[Pool]:
        contacts = FakeSendRateLimiter(
            per_minute=CONTACT_NOTICES_PER_MINUTE, max_wait=MAX_SEND_WAIT, burst=CONTACT_BURST
        )
        ports = NotificationPorts(
            email_templates=FakeEmailTemplates(),
            mailer=self.mailer,
            text_message_templates=FakeTextMessageTemplates(),
            sms_sender=None,
            alerts=FakeAlerts(),
            suppressions=FakeSuppressions(),
            send_rate_limiter=FakeSendRateLimiter(per_minute=NOTICES_PER_MINUTE, max_wait=MAX_SEND_WAIT),
            contact_rate_limiter=FakeSendRateLimiter() if Guard.CONTACT_RATE in self.off else contacts,
            daily_rate_limiter=FakeSendRateLimiter(),
            sms_budgets=FakeTextMessageBudgets(),
            visit_changes=FakeVisitChanges(),
            tenants=FakeTenants(self.profiles),
            metrics=FakeMetrics(),
            clock=self.clock,
            code_key=KEY,
            links=Links(KEY),
        )
        handler = NotificationHandler(ports=ports, claims=self.claims)
        for name in ("notifications", "codes"):
            yield self._build_pool(name, NOTICE, handler, None)

    def _build_pool(
        self, name: str, messages: TypeAdapter[Any], handler: Handler[Any], shedding: Shedding[Any] | None
    ) -> Pool:
        queue, loop = self.queues[name], asyncio.get_running_loop()
        leases = IdleLeases(
            open_connections=None,
            lease=_LEASE,
            limit=timedelta(minutes=10),
            telemetry=Telemetry(),  # type: ignore[arg-type]
        )
        guard: OverloadGuard[Any] = OverloadGuard(
            total=HANDLERS, limits=build_share_limits(self.off), shedding=shedding, monotonic=loop.time
        )
        processor = Processor(
            queue=queue,
            decoder=Decoder(messages),
            handler=handler,
            claims=self.claims,
            leases=leases,
            clock=self.clock,
            policy=RetryPolicy(),
            lease=_LEASE,
            guard=guard,
        )
        options = PoolOptions(concurrency=HANDLERS, wait_seconds=20, lease=_LEASE)
        return Pool(queue=queue, processor=processor, leases=leases, settler=Settler(queue), options=options)
