"""A message is mended: its data alone, checked, on record, with the same id and so the same effects."""

import json

import pytest

from ops.desk.domain.values import Edited, Invalid, NotPossible, Why
from shared.failures import FailureState
from tests.fakes.desk import ANNA
from tests.fakes.envelopes import command_body

DATA = {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage", "name": "Jan"}
FACTS = {
    "appointment_id": "0123456789abcdef",
    "contact": "jan@exmaple.com",
    "contact_kind": "email",
    "name": "Jan",
    "service": "massage",
    "service_name": "Massage",
    "start": "2026-01-13T09:00:00Z",
    "end": "2026-01-13T10:00:00Z",
}


def payload(world, failure_id):
    return json.loads(world.kept(failure_id).payload)


async def test_only_the_data_changes(world):
    """Business, conversation, ids and the time of acceptance are what they were."""
    one = await world.failed()
    before = payload(world, one)
    edited = await world.desk.edit(ANNA, one, {**DATA, "contact": "anna@example.com"})
    assert edited.fields == ("contact",)
    after = payload(world, one)
    assert after["data"]["contact"] == "anna@example.com"
    same = ("id", "tenant", "session_id", "client_id", "accepted_at", "type", "version", "locale")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


async def test_an_edit_is_on_record_without_what_it_says(world):
    """The story has who, when and which fields; never a value."""
    one = await world.failed()
    await world.desk.edit(ANNA, one, {**DATA, "contact": "anna@example.com", "start": "2026-01-14T10:00"})
    deed = world.kept(one).story[-1]
    assert (deed.by, deed.what, deed.note) == ("anna", "edited", "start, contact")
    assert world.kept(one).state is FailureState.FAILED


async def test_the_edited_message_is_what_is_replayed(world):
    """With the same id: what a failed try did already is found again."""
    one = await world.failed()
    await world.desk.edit(ANNA, one, {**DATA, "service": "consultation"})
    await world.desk.replay(ANNA, one)
    [(_, _, body)] = world.replays.sent
    sent = json.loads(body)
    assert (sent["id"], sent["replay"], sent["data"]["service"]) == ("k1", 1, "consultation")


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        ({"start": "2026-01-13T10:00", "service": "massage"}, {"contact": "Field required"}),
        ({**DATA, "strat": "x"}, {"strat": "there is no such field"}),
        ({**DATA, "tenant": "clinic"}, {"tenant": "there is no such field"}),
        ({**DATA, "start": ""}, {"start": "String should have at least 1 character"}),
        ({**DATA, "start": 7}, {"start": "Input should be a valid string"}),
        ({**DATA, "name": "a\x00b"}, {"name": "control characters are not allowed"}),
        ({**DATA, "note": "x" * 10_000}, {"note": "String should have at most 1000 characters"}),
    ],
)
async def test_data_that_is_none_is_not_kept(world, data, problems):
    """Each field's problem is said, without its value; nothing is written."""
    one = await world.failed()
    before = world.kept(one)
    assert await world.desk.edit(ANNA, one, data) == Invalid(problems)
    assert world.kept(one) == before


async def test_an_edit_that_changes_nothing_leaves_no_trace(world):
    """Saving the editor's file as it was is no deed."""
    one = await world.failed()
    before = world.kept(one)
    edited = await world.desk.edit(ANNA, one, DATA)
    assert (edited.fields, world.kept(one)) == ((), before)


async def test_an_empty_text_stands_for_nothing_given(world):
    """A form has a field for everything, also for what the visitor left out."""
    one = await world.failed(payload=command_body(type="booking.slots", data={"service": "massage", "days": 3}))
    edited = await world.desk.edit(ANNA, one, {"service": "", "from": "2026-01-14", "days": "7"})
    assert isinstance(edited, Edited)
    assert payload(world, one)["data"] == {"service": None, "from": "2026-01-14", "days": 7}


async def test_what_is_under_way_is_not_edited(world):
    """The replay has the old words already."""
    one = await world.failed()
    await world.desk.replay(ANNA, one)
    assert (await world.desk.edit(ANNA, one, {**DATA, "name": "Ann"})).why is Why.REPLAYING


async def test_a_notice_goes_to_another_address_and_says_the_same(world):
    """A code for another appointment is nobody's to ask for."""
    body = command_body(type="notice.code", data=FACTS, send_number=1, expires_at="2026-01-12T12:15:00Z")
    one = await world.failed(payload=body, queue="notifications")
    assert isinstance(await world.desk.edit(ANNA, one, {"contact": "jan@example.com"}), Edited)
    assert payload(world, one)["data"] == {**FACTS, "contact": "jan@example.com"}
    stolen = await world.desk.edit(ANNA, one, {**FACTS, "appointment_id": "fedcba9876543210"})
    assert stolen == Invalid({"appointment_id": "this can't be changed"})


@pytest.mark.parametrize(
    ("queue", "body"),
    [
        ("booking", command_body(type="calendar.sync", data={"calendar_id": "mine@example.com"})),
        ("booking", command_body(type="calendar.changed", data={"appointment_id": "0123456789abcdef"})),
        ("notifications", command_body(type="notice.alert", data={"reason": "a", "advice": "b"})),
        ("booking", "not JSON"),
        ("chat", command_body(type="booking.create", data=DATA)),
        ("elsewhere", command_body(type="booking.create", data=DATA)),
    ],
)
async def test_what_nobody_said_is_not_edited(world, queue, body):
    """What the backend asks of itself follows from its id; what can't be read has no fields."""
    one = await world.failed(payload=body, queue=queue)
    assert await world.desk.edit(ANNA, one, {"calendar_id": "yours@example.com"}) == NotPossible(Why.NOT_EDITABLE)
    assert world.kept(one).payload == body
