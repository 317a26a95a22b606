"""A replay that is refused: the visitor hears it on their page, or reads it in one letter."""

from datetime import timedelta

import pytest

from shared.claims import Claim, Done
from shared.conversations.replies import Replies
from shared.errors import PermanentError, TransientError
from shared.messages.errors import ErrorCode
from tests.fakes.mortal import DiedError, Fate, Mortal
from tests.unit.workers.booking.handler.conftest import CONTACT, LEASE, replayed
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.handler import BookingHandler

LATE = MAX_REPLAY_AGE + timedelta(seconds=1)


@pytest.fixture
def away(world):
    """Return a business whose visitor has closed their page without a word."""
    world.poster.gone.add("tab")
    return world


async def wish_of_yesterday(world, **fields):
    wish = await world.failed(world.create_command(**fields))
    world.clock.turn(LATE)
    return replayed(wish)


def letters(world):
    return [notice for notice in world.notices.delivered if notice.type == "notice.choose_again"]


async def test_who_is_not_there_reads_that_nothing_is_booked(away):
    """The letter goes to the address of the wish, and says what was wished for; no word of the visitor's is in it."""
    wish = await wish_of_yesterday(away, name="Buy at evil.example", note="evil.example")
    refused = await away.handle(wish)
    [letter] = letters(away)
    assert refused.data.code == ErrorCode.CODE_EXPIRED
    assert (letter.stands, letter.data.contact, letter.data.contact_kind) == (False, CONTACT, "email")
    assert (letter.data.service_name, letter.data.start.isoformat()) == ("Masaż", "2026-01-13T10:00:00+01:00")
    assert "evil" not in letter.model_dump_json()


async def test_who_is_there_hears_it_and_reads_nothing(world):
    """The page shows the refusal with other times."""
    await world.handle(await wish_of_yesterday(world))
    assert letters(world) == []
    assert world.poster.frames("tab")[-1]["data"]["code"] == "CODE_EXPIRED"


async def test_one_open_tab_is_enough(away):
    """The others have gone, and are forgotten as it is posted."""
    away.connections.open("session", "other tab")
    await away.handle(await wish_of_yesterday(away))
    assert letters(away) == []


async def test_an_original_that_is_refused_writes_to_nobody(away):
    """Whoever asks just now finds the answer on their page; and nobody can have strangers written to."""
    refused = await away.create("2026-01-13T03:00")
    assert refused.type == "error"
    assert away.told == []


async def test_a_taken_time_is_said_by_letter_too(away):
    """The replay came in time, another visitor was quicker."""
    wish = await away.failed(away.create_command())
    await away.confirmed(session="quicker", contact="ewa@example.com")
    refused = await away.handle(replayed(wish))
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert [letter.data.contact for letter in letters(away)] == [CONTACT]


@pytest.mark.parametrize("kind", ["verify", "resend"])
async def test_a_hold_that_is_over_is_nobodys_visit(away, kind):
    """The letter says what had been held, in the language of that conversation."""
    held = await away.held()
    more = {"code": away.code(held)} if kind == "verify" else {}
    command = away.command(kind, appointment_id=held, **more)
    away.clock.turn(LATE)
    await away.handle(replayed(command))
    [letter] = letters(away)
    assert (letter.stands, letter.data.appointment_id, letter.locale) == (False, held, "en")


@pytest.mark.parametrize("kind", ["cancel", "reschedule"])
async def test_a_visit_that_was_not_changed_is_said_to_stand(away, kind):
    """Its visitor might think that it was cancelled."""
    mine = await away.confirmed()
    more = {"start": "2026-01-14T10:00"} if kind == "reschedule" else {}
    command = away.command(kind, appointment_id=mine, **more)
    away.clock.turn(LATE)
    await away.handle(replayed(command))
    [letter] = letters(away)
    assert (letter.stands, letter.data.appointment_id) == (True, mine)
    assert letter.data.start.isoformat() == "2026-01-13T10:00:00+01:00"


async def test_what_is_cancelled_as_wished_needs_no_letter(away):
    """The visitor asked a second time, and that worked."""
    mine = await away.confirmed()
    command = away.command("cancel", appointment_id=mine)
    await away.send("cancel", appointment_id=mine)
    away.clock.turn(LATE)
    await away.handle(replayed(command))
    assert letters(away) == []


async def test_another_conversations_appointment_is_nobodys_address(away):
    """A command that names it has no letter sent to whoever it belongs to."""
    mine = await away.confirmed()
    command = away.command("cancel", appointment_id=mine, session="stranger")
    away.clock.turn(LATE)
    await away.handle(replayed(command))
    assert letters(away) == []


@pytest.mark.parametrize("contact", ["not an address", "600700800"])
async def test_without_an_address_that_can_be_written_to_there_is_no_letter(away, contact):
    """An edit at the desk may have spoilt it; the refusal waits in the conversation."""
    frame = await away.handle(replayed(away.create_command(contact=contact)))
    assert frame.data.code == ErrorCode.INVALID_CONTACT
    assert letters(away) == []


async def test_a_service_that_is_gone_is_not_named(away):
    """What stands there may be a visitor's own words."""
    await away.handle(replayed(away.create_command(service="evil.example")))
    [letter] = letters(away)
    assert (letter.data.service, letter.data.service_name) == ("", "")


async def test_a_hundred_requests_that_name_one_address_are_one_letter(away):
    """An address that nobody has proved may be a stranger's."""
    wishes = []
    for number in range(20):
        away.clock.turn(timedelta(minutes=30))
        wishes.append(away.create_command(session=f"s{number}"))
    away.clock.turn(LATE)
    for wish in wishes:
        await away.handle(replayed(wish))
    assert len(letters(away)) == 1


async def test_each_replay_has_its_letter(away):
    """The business tried once more: that is news."""
    wish = await wish_of_yesterday(away)
    await away.handle(wish)
    await away.handle(replayed(wish, 2))
    assert len(letters(away)) == 2


async def test_a_letter_that_could_not_be_queued_is_queued_by_the_next_delivery(away):
    """The outcome stands already; to say it again is to write what is missing."""
    wish = await wish_of_yesterday(away)
    away.notices.trouble = [TransientError("down")]
    with pytest.raises(TransientError):
        await away.handle(wish)
    done = await away.claims.claim(wish.claim_key, fingerprint="f", lease=LEASE)
    assert isinstance(done, Done)
    for _ in range(2):
        await away.handler.repeat(wish, done.outcome_seq)
    assert len(letters(away)) == 1


async def test_who_came_back_meanwhile_is_not_written_to(away):
    """The frame that is said again reaches them."""
    wish = await wish_of_yesterday(away)
    away.notices.trouble = [TransientError("down")]
    with pytest.raises(TransientError):
        await away.handle(wish)
    away.connections.open("session", "back")
    await away.handler.repeat(wish, away.claims.records[wish.claim_key].markers["outcome"])
    assert letters(away) == []


async def test_a_replay_that_fails_again_writes_to_nobody(away):
    """There is nothing to choose yet: the business sees it at the desk."""
    wish = replayed(await away.failed(away.create_command()))
    away.calendar.closed = PermanentError("calendar_access_revoked", "the key is refused")
    with pytest.raises(PermanentError):
        await away.handle(wish)
    claim = await away.claims.claim(wish.claim_key + "again", fingerprint="f", lease=LEASE)
    await away.handler.give_up(wish, claim, "calendar_access_revoked")
    assert letters(away) == []


async def test_a_worker_that_dies_twice_at_any_step_leaves_one_letter(new_world):
    """Between the stored frame and the queued letter lies nothing that is lost."""
    whole = Fate()
    await delivered_until_done(new_world(), whole, Fate())
    assert whole.moments > 20
    for moment in range(whole.moments):
        world, first, second = new_world(), Fate(moment), Fate(moment)
        await delivered_until_done(world, first, second)
        assert first.died_in
        assert len(letters(world)) == 1, first.died_in
        assert [frame.type for frame in world.conversations.of("session")] == ["error"], first.died_in


async def delivered_until_done(world, *fates):
    """Deliver a late replay to one worker after the other, each with a fate of its own; the last one lives."""
    world.poster.gone.add("tab")
    command = replayed(world.create_command())
    world.clock.turn(LATE)
    for fate in (*fates, Fate(), Fate()):
        claims = Mortal(world.claims, fate)
        replies = Replies(
            conversations=Mortal(world.conversations, fate),
            connections=Mortal(world.connections, fate),
            poster=Mortal(world.poster, fate),
        )
        names = ("appointments", "notices", "tenants", "calendar")
        ports = {name: Mortal(getattr(world, name), fate) for name in names}
        fields = {name: getattr(world.ports, name) for name in world.ports.__slots__} | ports
        handler = BookingHandler(ports=type(world.ports)(**fields), replies=replies, claims=claims)
        taken = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        try:
            if isinstance(taken, Done):
                await handler.repeat(command, taken.outcome_seq)
            else:
                assert isinstance(taken, Claim)
                await handler.handle(command, taken)
        except DiedError:
            world.clock.turn(LEASE * 1.1)
