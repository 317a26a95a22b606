"""The assistant's queries: free times and visits, for the one session that asks."""

from datetime import date, timedelta

import pytest

from shared.claims import Claim
from shared.errors import PermanentError, TransientError
from shared.ids import new_id
from shared.messages.answers import MAX_ANSWERED_TIMES, TimesAnswer, VisitsAnswer
from shared.messages.commands import BookingQuery
from shared.messages.server import BookingSlots
from tests.unit.workers.booking.handler.conftest import LEASE
from workers.booking.handler.queries import ANSWERED_WITHIN

TUESDAY = date(2026, 1, 13)


def query(world, session="session", **data):
    envelope = {"id": new_id(), "tenant": "salon-ania", "session_id": session, "locale": "pl"}
    return BookingQuery.model_validate({**envelope, "accepted_at": world.clock.now(), "data": data})


async def ask(world, command):
    """Carry a query out; return its answer."""
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    assert isinstance(claim, Claim)
    await world.handler.handle(command, claim)
    assert world.claims.records[command.claim_key].done
    return await world.answers.find(command.id)


async def test_the_times_are_those_of_the_form(world):
    """Of one service, or of each; a time that somebody holds is missing."""
    before = await ask(world, query(world, about="times", service="massage", from_day=TUESDAY, days=1))
    await world.held()
    after = await ask(world, query(world, about="times", service="massage", from_day=TUESDAY, days=1))
    frame = await slots(world, service="massage")
    free = {(slot.service, slot.start) for slot in frame}
    assert {(time.service, time.start) for time in after.times} == free
    assert {(time.service, time.start) for time in before.times} > free
    everything = await ask(world, query(world, about="times", from_day=TUESDAY, days=14))
    assert len(everything.times) <= MAX_ANSWERED_TIMES
    assert everything.times[0].start.utcoffset() == timedelta(hours=1)


async def slots(world, **data):
    command = world.command("slots", **{"from": "2026-01-13", "days": 1, **data})
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    await world.handler.handle(command, claim)
    frame = BookingSlots.model_validate(world.poster.frames("tab")[-1])
    return frame.data.slots


async def test_an_unknown_service_has_no_times(world):
    """The profile may have changed since the assistant read it."""
    asked = query(world, about="times", service="haircut", from_day=TUESDAY, days=1)
    assert await ask(world, asked) == TimesAnswer(times=())


async def test_only_the_visits_of_the_session_are_answered(world):
    """As they are now, without the contact or the name; another session's never."""
    await world.confirmed()
    answer = await ask(world, query(world, about="visits"))
    assert [(visit.state, visit.service) for visit in answer.visits] == [("confirmed", "massage")]
    stored = [text for text in world.answers.texts.values() if "visits" in text]
    assert not any(part in text for text in stored for part in ("@", "contact", "name", "jan"))
    assert await ask(world, query(world, session="another", about="visits")) == VisitsAnswer(visits=())


async def test_a_hold_that_is_over_counts_as_cancelled(world):
    """Whatever its last frame says."""
    await world.held()
    assert [visit.state for visit in (await ask(world, query(world, about="visits"))).visits] == ["held"]
    world.clock.advance(timedelta(hours=1))
    assert [visit.state for visit in (await ask(world, query(world, about="visits"))).visits] == ["cancelled"]


async def test_an_outdated_query_is_not_answered(world):
    """The assistant has not waited; nothing is read."""
    command = query(world, about="times", from_day=TUESDAY, days=1)
    world.clock.advance(ANSWERED_WITHIN)
    assert await ask(world, command) is None


@pytest.mark.parametrize("error", [TransientError("table"), PermanentError("aws_AccessDenied"), TimeoutError()])
async def test_a_query_that_fails_is_over(world, error):
    """It is not repeated, and is no failure at the desk: the assistant has said that it does not know."""
    world.answers.errors.append(error)
    command = query(world, about="visits")
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    await world.handler.handle(command, claim)
    assert world.claims.records[command.claim_key].done
    assert world.answers.texts == {}


async def test_a_query_leaves_no_frame(world):
    """Neither stored nor posted: nobody but the assistant asked."""
    posted = len(world.poster.posted)
    await ask(world, query(world, about="visits"))
    assert len(world.poster.posted) == posted
    assert world.conversations.list_frames("session") == []
