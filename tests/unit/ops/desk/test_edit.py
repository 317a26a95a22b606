"""A message is mended: its data alone, checked, on record, with the same id and so the same effects."""

import json

import pytest

from ops.desk.domain.values import Edited, Invalid, NotPossible, NotPossibleReason, Operator
from shared.errors import TransientError
from shared.ledger.audit_details import EditedFields
from shared.ledger.failures import FailureState
from tests.fakes.desk import ANNA
from tests.fakes.envelopes import command_body
from workers.booking.facade import Channels, ContactRules

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


def texts(outcome):
    """Return what is said of each field."""
    assert isinstance(outcome, Invalid)
    return {name: problem.text for name, problem in outcome.problems.items()}


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
    entry = world.kept(one).audit_trail[-1]
    assert (entry.by, entry.action, entry.note) == ("anna", "edited", "start, contact")
    assert entry.detail == EditedFields(("start", "contact"))
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
    ("data", "kind", "limit"),
    [
        ({"start": "2026-01-13T10:00", "service": "massage"}, "missing", None),
        ({**DATA, "start": ""}, "missing", None),
        ({**DATA, "start": 7}, "invalid", None),
        ({**DATA, "strat": "x"}, "unknown_field", None),
        ({**DATA, "note": "x" * 10_000}, "too_long", 1000),
    ],
)
async def test_a_problem_can_be_said_in_another_language(world, data, kind, limit):
    """Its kind is a value, and so is the number that the sentence needs."""
    [problem] = (await world.desk.edit(ANNA, await world.failed(), data)).problems.values()
    assert (problem.kind, problem.limit) == (kind, limit)


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
    assert texts(await world.desk.edit(ANNA, one, data)) == problems
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
    assert (await world.desk.edit(ANNA, one, {**DATA, "name": "Ann"})).why is NotPossibleReason.REPLAYING


async def test_a_notice_goes_to_another_address_and_says_the_same(world):
    """A code for another appointment is nobody's to ask for."""
    body = command_body(type="notice.code", data=FACTS, send_number=1, expires_at="2026-01-12T12:15:00Z")
    one = await world.failed(payload=body, queue="notifications")
    assert isinstance(await world.desk.edit(ANNA, one, {"contact": "jan@example.com"}), Edited)
    assert payload(world, one)["data"] == {**FACTS, "contact": "jan@example.com"}
    stolen = await world.desk.edit(ANNA, one, {**FACTS, "appointment_id": "fedcba9876543210"})
    assert texts(stolen) == {"appointment_id": "this can't be changed"}


def a_code(**facts):
    return command_body(type="notice.code", data={**FACTS, **facts}, send_number=1, expires_at="2026-01-12T12:15:00Z")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"contact": " jan@EXAMPLE.com "}, ("email", "jan@example.com")),
        ({"contact": "512 345 678"}, ("phone", "+48512345678")),
        ({"contact": "512 345 678", "contact_kind": "email"}, ("phone", "+48512345678")),
        ({"contact": "512 345 678", "contact_kind": ""}, ("phone", "+48512345678")),
        ({"contact": "512 345 678", "contact_kind": "phone"}, ("phone", "+48512345678")),
    ],
)
async def test_a_notice_goes_to_what_booking_takes_as_a_contact(world, given, kept):
    """In the form in which its channel takes it; what kind it is follows from it."""
    one = await world.failed(payload=a_code(), queue="notifications")
    assert isinstance(await world.desk.edit(ANNA, one, given), Edited)
    data = payload(world, one)["data"]
    assert (data["contact_kind"], data["contact"]) == kept
    assert world.contacts.asked == ["salon"]


NO_ADDRESS = "this is not an e-mail address that can receive e-mails"
NO_NUMBER = "this is neither an e-mail address nor a mobile number of a supported country"


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"contact": "jan@"}, {"contact": NO_ADDRESS}),
        ({"contact": "jan@example.com, eve@example.com"}, {"contact": NO_ADDRESS}),
        ({"contact": "Jan <jan@example.com>"}, {"contact": NO_ADDRESS}),
        ({"contact": "call me"}, {"contact": NO_NUMBER}),
        ({"contact": ""}, {"contact": NO_NUMBER}),
        ({"contact": "22 123 45 67"}, {"contact": NO_NUMBER}),
        ({"contact": "+44 7400 123456"}, {"contact": NO_NUMBER}),
        ({"contact": "x" * 10_000}, {"contact": NO_NUMBER}),
        (
            {"contact": "jan@example.com", "contact_kind": "phone"},
            {"contact_kind": "the contact is an e-mail address: give `email` or leave it empty"},
        ),
        (
            {"contact_kind": "phone"},
            {"contact_kind": "the contact is an e-mail address: give `email` or leave it empty"},
        ),
    ],
)
async def test_a_notice_goes_nowhere_else(world, given, problems):
    """What booking would refuse is refused here, with a sentence that does not repeat it; nothing is written."""
    one = await world.failed(payload=a_code(), queue="notifications")
    before = world.kept(one)
    assert texts(await world.desk.edit(ANNA, one, given)) == problems
    assert world.kept(one) == before


@pytest.mark.parametrize(
    ("channels", "contact", "problem"),
    [
        (Channels(email=False, sms=True), "jan@example.com", "no e-mails are sent for this business"),
        (Channels(email=True, sms=False), "512 345 678", "this is not an e-mail address, and text messages are off"),
    ],
)
async def test_a_channel_that_is_off_takes_no_notice(world, channels, contact, problem):
    """The notice would fail once more."""
    world.contacts.rules = ContactRules(channels, region="PL")
    one = await world.failed(payload=a_code(), queue="notifications")
    assert texts(await world.desk.edit(ANNA, one, {"contact": contact})) == {"contact": problem}


async def test_a_contact_that_stays_is_not_in_the_way_of_the_name(world):
    """It may be of a channel that was turned off since; the kind stays with it."""
    world.contacts.rules = ContactRules(Channels(email=True, sms=False), region="PL")
    body = a_code(contact="+48512345678", contact_kind="phone")
    one = await world.failed(payload=body, queue="notifications")
    edited = await world.desk.edit(ANNA, one, {"name": "Anna", "contact_kind": ""})
    assert edited.fields == ("name",)
    assert payload(world, one)["data"]["contact_kind"] == "phone"


async def test_without_the_rules_no_notice_is_edited(world):
    """What booking takes can't be told while the profile can't be read: nothing is written."""
    world.contacts.error = TransientError("knowledge: not reached")
    one = await world.failed(payload=a_code(), queue="notifications")
    before = world.kept(one)
    with pytest.raises(TransientError):
        await world.desk.edit(ANNA, one, {"contact": "jan@example.com"})
    assert world.kept(one) == before


async def test_what_belongs_to_no_business_goes_to_no_contact(world):
    """There are no rules to check it by."""
    one = await world.failed(payload=a_code(), queue="notifications", tenant=None)
    assert await world.desk.edit(ANNA, one, {"contact": "jan@example.com"}) == NotPossible(
        NotPossibleReason.NOT_EDITABLE
    )


async def test_another_business_is_not_asked_about(world):
    """Whose failure it is comes first."""
    one = await world.failed(payload=a_code(), queue="notifications")
    stranger = Operator("eve", frozenset({"clinic"}))
    assert await world.desk.edit(stranger, one, {"contact": "eve@example.com"}) == NotPossible(
        NotPossibleReason.UNKNOWN
    )
    assert world.contacts.asked == []


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
    assert await world.desk.edit(ANNA, one, {"calendar_id": "yours@example.com"}) == NotPossible(
        NotPossibleReason.NOT_EDITABLE
    )
    assert world.kept(one).payload == body
