"""Booking's use cases on the real tables, where a fake would allow more than they do."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import TransientError
from shared.ids import derive_command_key, new_id
from shared.messages.commands import BOOKING_COMMAND
from shared.messages.errors import ErrorCode
from shared.verification_codes import derive_verification_code
from tests.contracts.stores.conftest import in_dynamodb
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
from tests.unit.workers.booking.conftest import build_profile
from workers.booking.handler import BookingPorts
from workers.booking.handler.case import build_case
from workers.booking.handler.frames import build_answer
from workers.booking.handler.use_cases import apply_plan, plan_command

KEY = b"a secret"
NOW = datetime(2026, 1, 12, 7, tzinfo=UTC)


class Shop:
    """One business on the emulated tables; every call is a separate command."""

    def __init__(self, stores, profile):
        self.tenant, self.stores = new_id(), stores
        self.profiles = FakeTenants({self.tenant: profile})
        self.ports = BookingPorts(
            appointments=stores.appointments,
            calendar=FakeCalendar("calendar"),
            notices=FakeNotices(),
            commands=FakeCommands(),
            answers=FakeAnswers(),
            schedules=FakeSchedules(),
            sync_tokens=FakeSyncTokens(),
            tenants=self.profiles,
            erasure=FakeConversations(FakeClaims(FakeClock(NOW))),
            tokens=FakeTokenStates(),
            suppressions=FakeSuppressions(),
            metrics=FakeMetrics(),
            clock=FakeClock(NOW),
            code_key=KEY,
            email_enabled=True,
        )

    def command(self, kind, session, **data):
        client_id = new_id()
        session_id = f"{self.tenant}-{session}"
        fields = {"tenant": self.tenant, "session_id": session_id, "client_id": client_id, "connection_id": "c"}
        key = derive_command_key(self.tenant, session_id, client_id)
        fields |= {"id": key, "type": f"booking.{kind}", "accepted_at": NOW, "locale": "en"}
        return BOOKING_COMMAND.validate_python({**fields, "data": data})

    async def do(self, command):
        claim = await self.stores.claims.claim(command.claim_key, fingerprint="f", lease=timedelta(seconds=30))
        case = build_case(command, claim, await self.profiles.get_profile(self.tenant), locale="en", now=NOW)
        try:
            plan = await plan_command(self.ports, case, command)
            return build_answer(case, await apply_plan(self.ports, case, plan))
        except TransientError:
            await self.stores.claims.release(claim)
            raise

    async def hold(self, start, session):
        contact = f"{session}-{self.tenant}@example.com"
        return await self.do(self.command("create", session, start=start, contact=contact, service="massage"))

    def code(self, pending, session):
        found = pending.data.appointment_id
        return self.command("verify", session, appointment_id=found, code=derive_verification_code(KEY, found, 1))


@pytest.fixture
def new_shop(emulator, dynamodb):
    stores = in_dynamodb(FakeClock(NOW), dynamodb, emulator.client("dynamodb"))

    def new_shop(**fields):
        return Shop(stores, build_profile(senders={"email": "salon@example.com"}, **fields))

    return new_shop


def service(minutes, step=60):
    return [{"id": "massage", "name": {"en": "M"}, "duration_minutes": minutes, "step_minutes": step}]


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
async def test_a_visit_over_midnight_utc_takes_only_its_own_lane(new_shop, order):
    """In New York that is an evening hour: neither the request nor the code for the other lane is refused."""
    hours = ("09:00-23:00",)
    shop = new_shop(
        zone="America/New_York", hours=hours, resources=[{"id": "room", "seats": 2}], services=service(60, 15)
    )
    starts = {"first": "2026-01-13T18:30", "second": "2026-01-13T17:45"}
    pending = {session: await shop.hold(starts[session], session) for session in order}
    assert [frame.type for frame in pending.values()] == ["booking.pending"] * 2
    for session, frame in pending.items():
        assert (await shop.do(shop.code(frame, session))).type == "booking.confirmed"


async def test_a_crash_after_confirming_does_not_lock_the_session_out(new_shop):
    """The session can take the unit that the hold left behind."""
    shop = new_shop()
    pending = await shop.hold("2026-01-13T10:00", "mine")
    confirm, store = shop.code(pending, "mine"), shop.stores.appointments
    freeing = store._free_units

    async def cut_off(*_):
        raise TransientError("throttled")

    store._free_units = cut_off
    with pytest.raises(TransientError):
        await shop.do(confirm)
    store._free_units = freeing
    assert (await shop.do(confirm)).type == "booking.confirmed"
    assert (await shop.hold("2026-01-13T14:00", "mine")).type == "booking.pending"


async def test_a_visit_with_too_many_buckets_is_refused_and_not_an_error(new_shop):
    """The day's first booking fixes its grid; a later profile may need more buckets than one transaction allows."""
    shop = new_shop(services=service(5, 5), hours=("08:00-18:00",))
    assert (await shop.hold("2026-01-13T08:00", "first")).type == "booking.pending"
    longer = build_profile(senders={"email": "salon@example.com"}, services=service(600), hours=("08:00-20:00",))
    shop.profiles.blocking.profiles[shop.tenant] = longer
    refused = await shop.hold("2026-01-13T10:00", "second")
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert await shop.stores.appointments.find_session_hold(f"{shop.tenant}-second", at=NOW) is None
