"""Fixtures for the tests of booking's use cases: visitors, a business, and the handler with in-memory ports."""

from datetime import timedelta

import pytest

from shared.claims import Busy, Claim
from shared.conversations.replies import Replies
from shared.errors import PermanentError, TransientError
from shared.ids import derive_command_key, new_id
from shared.messages.commands import BOOKING_COMMAND
from shared.verification_codes import derive_verification_code
from tests.fakes.appointments import FakeAppointments
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.challenges import FakeChallenges
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.figures import FakeMetrics
from tests.fakes.ingress import FakeTokenStates
from tests.fakes.internal_commands import FakeCommands, FakeSchedules, FakeSyncTokens
from tests.fakes.notices import FakeNotices
from tests.fakes.query_answers import FakeAnswers
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.tenants import FakeTenants
from workers.booking.handler import BookingHandler, BookingPorts

KEY = b"a secret of the deployment"
TENANT = "salon-ania"
LEASE = timedelta(seconds=30)
TUESDAY_TEN = "2026-01-13T10:00"
CONTACT = "jan@example.com"


def replayed(command, number=1):
    """Return a command as the desk puts it on its queue again."""
    return command.model_copy(update={"replay": number})


class World:
    """A business with visitors; `session` is the default visitor's. `limits` are settings of the ports."""

    def __init__(self, profile, now, *, email_enabled=True, held_share_percent=100, **limits):
        self.clock = FakeClock(now)
        self.claims = FakeClaims(self.clock)
        self.connections, self.poster = FakeConnections(self.clock), FakePoster()
        self.conversations = FakeConversations(self.claims)
        self.appointments, self.calendar = FakeAppointments(self.claims), FakeCalendar("calendar")
        self.notices, self.metrics = FakeNotices(), FakeMetrics()
        self.commands, self.schedules, self.sync_tokens = FakeCommands(), FakeSchedules(), FakeSyncTokens()
        self.answers = FakeAnswers()
        self.tenants = FakeTenants({TENANT: profile})
        self.connections.open("session", "tab", locale="en")
        self.suppressions, self.tokens = FakeSuppressions(), FakeTokenStates()
        self.challenges = FakeChallenges()
        self.ports = BookingPorts(
            appointments=self.appointments,
            calendar=self.calendar,
            notices=self.notices,
            commands=self.commands,
            answers=self.answers,
            schedules=self.schedules,
            sync_tokens=self.sync_tokens,
            tenants=self.tenants,
            erasure=self.conversations,
            tokens=self.tokens,
            suppressions=self.suppressions,
            metrics=self.metrics,
            clock=self.clock,
            code_key=KEY,
            email_enabled=email_enabled,
            held_share_percent=held_share_percent,
            **{"challenges": self.challenges} | limits,
        )
        self.replies = Replies(conversations=self.conversations, connections=self.connections, poster=self.poster)
        self.handler = BookingHandler(ports=self.ports, replies=self.replies, claims=self.claims)

    def command(
        self, kind, *, session="session", client_id=None, replay=0, at=None, source_ip="", envelope=None, **data
    ):
        """Return a command that was accepted now, or at the time `at`; `envelope` has further fields of it."""
        client_id = client_id or new_id()
        return BOOKING_COMMAND.validate_python(
            {
                "id": derive_command_key(TENANT, session, client_id),
                "type": f"booking.{kind}",
                "tenant": TENANT,
                "session_id": session,
                "client_id": client_id,
                "connection_id": "tab",
                "accepted_at": at or self.clock.now(),
                "locale": "pl",
                "replay": replay,
                "source_ip": source_ip,
                "data": data,
                **(envelope or {}),
            }
        )

    def create_command(self, start=TUESDAY_TEN, *, contact=CONTACT, service="massage", **fields):
        return self.command("create", start=start, contact=contact, service=service, **fields)

    async def handle(self, command):
        """Handle a command as the worker core does; return the frame that ended it."""
        claim = await self.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        assert isinstance(claim, Claim)
        try:
            await self.handler.handle(command, claim)
        except TransientError:
            await self.claims.release(claim)
            raise
        record = self.claims.records[command.claim_key]
        assert record.done
        assert "outcome" in record.markers
        await self.sync_events()
        return await self.conversations.get_frame(command.session_id, record.markers["outcome"])

    async def carry_out(self, command):
        """Carry out an internal command as the worker core does; return the visitor's frame, if there is one."""
        claim = await self.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        if not isinstance(claim, Claim):
            return None
        try:
            await self.handler.handle(command, claim)
        except Exception:
            await self.claims.release(claim)
            raise
        record = self.claims.records[command.claim_key]
        assert record.done
        await self.sync_events()
        number = record.markers.get("outcome")
        return await self.conversations.get_frame(command.session_id, number) if number else None

    async def sync_events(self):
        """Carry out the queued syncs of events as the worker core does, one after the other.

        One that the calendar fails stays queued.
        """
        while sync := next((one for one in self.commands.delivered if one.type == "booking.settle_entry"), None):
            claim = await self.claims.claim(sync.claim_key, fingerprint="f", lease=LEASE)
            if isinstance(claim, Busy):
                return
            if isinstance(claim, Claim):
                try:
                    await self.handler.handle(sync, claim)
                except (PermanentError, TransientError):
                    await self.claims.release(claim)
                    return
            self.commands.delete(sync)

    async def create(self, start=TUESDAY_TEN, **fields):
        return await self.handle(self.create_command(start, **fields))

    async def failed(self, command):
        """Let a command fail permanently because the calendar is unusable; return it."""
        self.calendar.outage = PermanentError("calendar_access_revoked", "the key is refused")
        with pytest.raises(PermanentError):
            await self.handle(command)
        self.calendar.outage = None
        return command

    async def send(self, kind, **fields):
        return await self.handle(self.command(kind, **fields))

    async def ask(self, kind, **fields):
        """Send a query; return the one frame that answers it."""
        self.poster.posted.clear()
        command = self.command(kind, **fields)
        claim = await self.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        assert isinstance(claim, Claim)
        await self.handler.handle(command, claim)
        [frame] = self.poster.frames("tab")
        assert (frame["re"], frame.get("seq")) == (command.client_id, None)
        assert self.claims.records[command.claim_key].done
        return frame

    async def held(self, start=TUESDAY_TEN, **fields):
        """Hold a time; return the appointment's id."""
        pending = await self.create(start, **fields)
        assert pending.type == "booking.pending"
        return pending.data.appointment_id

    async def confirmed(self, start=TUESDAY_TEN, *, session="session", **fields):
        """Hold a time and confirm it; return the appointment's id."""
        appointment_id = await self.held(start, session=session, **fields)
        frame = await self.send(
            "verify", session=session, appointment_id=appointment_id, code=self.code(appointment_id)
        )
        assert frame.type == "booking.confirmed"
        return appointment_id

    async def appointment(self, appointment_id, session="session"):
        return await self.appointments.get(appointment_id, session)

    def code(self, appointment_id, number=1):
        return derive_verification_code(KEY, appointment_id, number)

    @property
    def notice_types(self):
        """Return the types of the queued notices."""
        return [notice.type for notice in self.notices.delivered]

    @property
    def events(self):
        return list(self.calendar.events["calendar"].values())

    def frames(self, session="session"):
        return [frame.type for frame in self.conversations.list_frames(session)]


@pytest.fixture
def new_world(make_profile, accepted_at):
    """Return a function that creates a business, with settings of the ports, and fields of its profile."""

    def new_world(*, email_enabled=True, held_share_percent=100, settings=None, **fields):
        profile = make_profile(**{"senders": {"email": "salon@example.com"}} | fields)
        settings = {"held_share_percent": held_share_percent} | (settings or {})
        return World(profile, accepted_at, email_enabled=email_enabled, **settings)

    return new_world


@pytest.fixture
def world(new_world):
    return new_world()


@pytest.fixture
async def visited(world):
    """Return a business with one confirmed visit, `world.appointment_id`."""
    world.appointment_id = await world.confirmed()
    return world
