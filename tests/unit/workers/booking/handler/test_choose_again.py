"""A replay is refused: the visitor gets the refusal on their open page, or one notice."""

from datetime import timedelta

import pytest

from shared.claims import Claim, Done
from shared.conversations.replies import Replies
from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from tests.fakes.crashing_port import CrashError, CrashingPort, CrashPlan
from tests.unit.workers.booking.handler.conftest import CONTACT, LEASE, replayed
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.handler import BookingHandler

LATE = MAX_REPLAY_AGE + timedelta(seconds=1)


@pytest.fixture
def away(world):
    """Return a business whose visitor has closed their page without ending the session."""
    world.poster.gone.add("tab")
    return world


async def create_command_of_yesterday(world, **fields):
    request = await world.failed(world.create_command(**fields))
    world.clock.advance(LATE)
    return replayed(request)


def notices(world):
    return [notice for notice in world.notices.delivered if notice.type == "notice.choose_again"]


async def test_a_disconnected_visitor_gets_a_notice_that_nothing_is_booked(away):
    """It goes to the address of the request and names the requested time; it contains no text of the visitor."""
    request = await create_command_of_yesterday(away, name="Buy at evil.example", note="evil.example")
    refused = await away.handle(request)
    [notice] = notices(away)
    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert (notice.stands, notice.data.contact, notice.data.contact_kind) == (False, CONTACT, "email")
    assert (notice.data.service_name, notice.data.start.isoformat()) == ("Masaż", "2026-01-13T10:00:00+01:00")
    assert "evil" not in notice.model_dump_json()


async def test_a_connected_visitor_gets_no_notice(world):
    """The page shows the refusal with alternatives."""
    await world.handle(await create_command_of_yesterday(world))
    assert notices(world) == []
    assert world.poster.frames("tab")[-1]["data"]["code"] == "CODE_EXPIRED"


async def test_one_open_tab_is_enough(away):
    """The other connections are gone and are removed when the frame is posted."""
    away.connections.open("session", "other tab")
    await away.handle(await create_command_of_yesterday(away))
    assert notices(away) == []


async def test_a_refused_original_sends_no_notice(away):
    """Its visitor finds the answer on the page, and nobody can send notices to strangers that way."""
    refused = await away.create("2026-01-13T03:00")
    assert refused.type == "error"
    assert away.notice_types == []


async def test_an_occupied_time_causes_a_notice_too(away):
    """The replay was in time, but another visitor was faster."""
    request = await away.failed(away.create_command())
    await away.confirmed(session="quicker", contact="ewa@example.com")
    refused = await away.handle(replayed(request))
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert [notice.data.contact for notice in notices(away)] == [CONTACT]


@pytest.mark.parametrize("kind", ["verify", "resend"])
async def test_an_expired_hold_is_not_a_visit(away, kind):
    """The notice says what had been held, in the language of that conversation."""
    held = await away.held()
    more = {"code": away.code(held)} if kind == "verify" else {}
    command = away.command(kind, appointment_id=held, **more)
    away.clock.advance(LATE)
    await away.handle(replayed(command))
    [notice] = notices(away)
    assert (notice.stands, notice.data.appointment_id, notice.locale) == (False, held, "en")


@pytest.mark.parametrize("kind", ["cancel", "reschedule"])
async def test_the_notice_says_that_an_unchanged_visit_stands(away, kind):
    """Its visitor might believe that it was cancelled."""
    mine = await away.confirmed()
    more = {"start": "2026-01-14T10:00"} if kind == "reschedule" else {}
    command = away.command(kind, appointment_id=mine, **more)
    away.clock.advance(LATE)
    await away.handle(replayed(command))
    [notice] = notices(away)
    assert (notice.stands, notice.data.appointment_id) == (True, mine)
    assert notice.data.start.isoformat() == "2026-01-13T10:00:00+01:00"


async def test_a_cancelled_visit_needs_no_notice_about_its_cancellation(away):
    """The visitor's second request succeeded."""
    mine = await away.confirmed()
    command = away.command("cancel", appointment_id=mine)
    await away.send("cancel", appointment_id=mine)
    away.clock.advance(LATE)
    await away.handle(replayed(command))
    assert notices(away) == []


async def test_another_sessions_appointment_gives_no_address(away):
    """A command that names it sends no notice to its visitor."""
    mine = await away.confirmed()
    command = away.command("cancel", appointment_id=mine, session="stranger")
    away.clock.advance(LATE)
    await away.handle(replayed(command))
    assert notices(away) == []


@pytest.mark.parametrize("contact", ["not an address", "600700800"])
async def test_without_a_usable_contact_there_is_no_notice(away, contact):
    """An edit at the desk may have broken it; the refusal is in the conversation."""
    frame = await away.handle(replayed(away.create_command(contact=contact)))
    assert frame.data.code == ErrorCode.INVALID_CONTACT
    assert notices(away) == []


async def test_an_unknown_service_is_not_named(away):
    """It may be a text of the visitor."""
    await away.handle(replayed(away.create_command(service="evil.example")))
    [notice] = notices(away)
    assert (notice.data.service, notice.data.service_name) == ("", "")


async def test_a_hundred_requests_that_name_one_address_cause_one_notice(away):
    """An unverified address may belong to a stranger."""
    wishes = []
    for number in range(20):
        away.clock.advance(timedelta(minutes=30))
        wishes.append(away.create_command(session=f"s{number}"))
    away.clock.advance(LATE)
    for request in wishes:
        await away.handle(replayed(request))
    assert len(notices(away)) == 1


async def test_each_replay_has_its_notice(away):
    """A new attempt by the business is news."""
    request = await create_command_of_yesterday(away)
    await away.handle(request)
    await away.handle(replayed(request, 2))
    assert len(notices(away)) == 2


async def test_a_notice_that_could_not_be_queued_is_queued_by_the_next_delivery(away):
    """The outcome is already stored; repeating it queues the missing notice."""
    request = await create_command_of_yesterday(away)
    away.notices.errors = [TransientError("down")]
    with pytest.raises(TransientError):
        await away.handle(request)
    done = await away.claims.claim(request.claim_key, fingerprint="f", lease=LEASE)
    assert isinstance(done, Done)
    for _ in range(2):
        await away.handler.repeat_outcome(request, done.outcome_seq)
    assert len(notices(away)) == 1


async def test_a_visitor_who_has_reconnected_gets_no_notice(away):
    """They receive the repeated frame."""
    request = await create_command_of_yesterday(away)
    away.notices.errors = [TransientError("down")]
    with pytest.raises(TransientError):
        await away.handle(request)
    away.connections.open("session", "back")
    await away.handler.repeat_outcome(request, away.claims.records[request.claim_key].markers["outcome"])
    assert notices(away) == []


async def test_a_replay_that_fails_again_sends_no_notice(away):
    """There is nothing to choose yet; the failure is at the desk."""
    request = replayed(await away.failed(away.create_command()))
    away.calendar.outage = PermanentError("calendar_access_revoked", "the key is refused")
    with pytest.raises(PermanentError):
        await away.handle(request)
    claim = await away.claims.claim(request.claim_key + "again", fingerprint="f", lease=LEASE)
    await away.handler.give_up(request, claim, "calendar_access_revoked")
    assert notices(away) == []


async def test_two_crashes_at_any_step_leave_one_notice(new_world):
    """Nothing is lost between the stored frame and the queued notice."""
    whole = CrashPlan()
    await deliver_until_done(new_world(), whole, CrashPlan())
    assert whole.points > 20
    for moment in range(whole.points):
        world, first, second = new_world(), CrashPlan(moment), CrashPlan(moment)
        await deliver_until_done(world, first, second)
        assert first.crashed_at
        assert len(notices(world)) == 1, first.crashed_at
        assert [frame.type for frame in world.conversations.list_frames("session")] == ["error"], first.crashed_at


async def deliver_until_done(world, *fates):
    """Deliver a late replay to one worker after the other; each crashes at its own step, but the last one succeeds."""
    world.poster.gone.add("tab")
    command = replayed(world.create_command())
    world.clock.advance(LATE)
    for crash_plan in (*fates, CrashPlan(), CrashPlan()):
        claims = CrashingPort(world.claims, crash_plan)
        replies = Replies(
            conversations=CrashingPort(world.conversations, crash_plan),
            connections=CrashingPort(world.connections, crash_plan),
            poster=CrashingPort(world.poster, crash_plan),
        )
        names = ("appointments", "notices", "tenants", "calendar")
        ports = {name: CrashingPort(getattr(world, name), crash_plan) for name in names}
        fields = {name: getattr(world.ports, name) for name in world.ports.__slots__} | ports
        handler = BookingHandler(ports=type(world.ports)(**fields), replies=replies, claims=claims)
        claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        try:
            if isinstance(claim, Done):
                await handler.repeat_outcome(command, claim.outcome_seq)
            else:
                assert isinstance(claim, Claim)
                await handler.handle(command, claim)
        except CrashError:
            world.clock.advance(LEASE * 1.1)
