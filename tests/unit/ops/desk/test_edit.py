"""Messages are edited: only their data, checked and recorded, with the same id and so the same effects."""

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
    """Tenant, session, ids and the time of acceptance stay the same."""
    one = await world.failed()
    before = payload(world, one)
    edited = await world.desk.edit_failure(ANNA, one, {**DATA, "contact": "anna@example.com"})
    assert edited.fields == ("contact",)
    after = payload(world, one)
    assert after["data"]["contact"] == "anna@example.com"
    same = ("id", "tenant", "session_id", "client_id", "accepted_at", "type", "version", "locale")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


async def test_an_edit_is_recorded_without_values(world):
    """The audit entry has the operator, the time and the names of the fields."""
    one = await world.failed()
    await world.desk.edit_failure(ANNA, one, {**DATA, "contact": "anna@example.com", "start": "2026-01-14T10:00"})
    entry = world.kept(one).audit_trail[-1]
    assert (entry.by, entry.action, entry.note) == ("anna", "edited", "start, contact")
    assert entry.detail == EditedFields(("start", "contact"))
    assert world.kept(one).state is FailureState.FAILED


async def test_a_replay_sends_the_edited_message(world):
    """It has the same id, so effects of failed attempts are found."""
    one = await world.failed()
    await world.desk.edit_failure(ANNA, one, {**DATA, "service": "consultation"})
    await world.desk.replay_failure(ANNA, one)
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
async def test_a_problem_has_a_kind(world, data, kind, limit):
    """The kind and the limit are values, from which pages make a translated text."""
    [problem] = (await world.desk.edit_failure(ANNA, await world.failed(), data)).problems.values()
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
async def test_invalid_data_is_rejected(world, data, problems):
    """Each field's problem is said, without its value; nothing is written."""
    one = await world.failed()
    before = world.kept(one)
    assert texts(await world.desk.edit_failure(ANNA, one, data)) == problems
    assert world.kept(one) == before


async def test_an_unchanged_edit_is_not_recorded(world):
    """Saving the editor's file unchanged adds no audit entry."""
    one = await world.failed()
    before = world.kept(one)
    edited = await world.desk.edit_failure(ANNA, one, DATA)
    assert (edited.fields, world.kept(one)) == ((), before)


async def test_an_empty_text_means_no_value(world):
    """A form has all fields, also those that the visitor did not fill in."""
    one = await world.failed(payload=command_body(type="booking.slots", data={"service": "massage", "days": 3}))
    edited = await world.desk.edit_failure(ANNA, one, {"service": "", "from": "2026-01-14", "days": "7"})
    assert isinstance(edited, Edited)
    assert payload(world, one)["data"] == {"service": None, "from": "2026-01-14", "days": 7}


async def test_a_running_replay_is_not_edited(world):
    """Its message with the old data is on the queue already."""
    one = await world.failed()
    await world.desk.replay_failure(ANNA, one)
    assert (await world.desk.edit_failure(ANNA, one, {**DATA, "name": "Ann"})).why is NotPossibleReason.REPLAYING


async def test_only_the_contact_of_a_notice_changes(world):
    """Nobody may have a code for another appointment sent."""
    body = command_body(type="notice.code", data=FACTS, send_number=1, expires_at="2026-01-12T12:15:00Z")
    one = await world.failed(payload=body, queue="notifications")
    assert isinstance(await world.desk.edit_failure(ANNA, one, {"contact": "jan@example.com"}), Edited)
    assert payload(world, one)["data"] == {**FACTS, "contact": "jan@example.com"}
    forbidden = await world.desk.edit_failure(ANNA, one, {**FACTS, "appointment_id": "fedcba9876543210"})
    assert texts(forbidden) == {"appointment_id": "this can't be changed"}


def make_code_notice(**facts):
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
async def test_a_contact_is_normalized_as_in_booking(world, given, kept):
    """It is stored in the form for its channel, and the kind is derived from it."""
    one = await world.failed(payload=make_code_notice(), queue="notifications")
    assert isinstance(await world.desk.edit_failure(ANNA, one, given), Edited)
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
async def test_a_contact_that_booking_rejects_is_rejected(world, given, problems):
    """The message does not repeat the contact, and nothing is written."""
    one = await world.failed(payload=make_code_notice(), queue="notifications")
    before = world.kept(one)
    assert texts(await world.desk.edit_failure(ANNA, one, given)) == problems
    assert world.kept(one) == before


@pytest.mark.parametrize(
    ("channels", "contact", "problem"),
    [
        (Channels(email=False, sms=True), "jan@example.com", "no e-mails are sent for this business"),
        (Channels(email=True, sms=False), "512 345 678", "this is not an e-mail address, and text messages are off"),
    ],
)
async def test_a_channel_that_is_off_is_rejected(world, channels, contact, problem):
    """The notice would fail again."""
    world.contacts.rules = ContactRules(channels, region="PL")
    one = await world.failed(payload=make_code_notice(), queue="notifications")
    assert texts(await world.desk.edit_failure(ANNA, one, {"contact": contact})) == {"contact": problem}


async def test_an_unchanged_contact_is_not_checked(world):
    """Its channel may have been turned off since; the kind stays the same."""
    world.contacts.rules = ContactRules(Channels(email=True, sms=False), region="PL")
    body = make_code_notice(contact="+48512345678", contact_kind="phone")
    one = await world.failed(payload=body, queue="notifications")
    edited = await world.desk.edit_failure(ANNA, one, {"name": "Anna", "contact_kind": ""})
    assert edited.fields == ("name",)
    assert payload(world, one)["data"]["contact_kind"] == "phone"


async def test_a_notice_is_not_edited_without_the_rules(world):
    """If the profile can't be read, the contact can't be checked: nothing is written."""
    world.contacts.error = TransientError("knowledge: not reached")
    one = await world.failed(payload=make_code_notice(), queue="notifications")
    before = world.kept(one)
    with pytest.raises(TransientError):
        await world.desk.edit_failure(ANNA, one, {"contact": "jan@example.com"})
    assert world.kept(one) == before


async def test_a_notice_without_a_tenant_is_not_edited(world):
    """There are no rules for its contact."""
    one = await world.failed(payload=make_code_notice(), queue="notifications", tenant=None)
    assert await world.desk.edit_failure(ANNA, one, {"contact": "jan@example.com"}) == NotPossible(
        NotPossibleReason.NOT_EDITABLE
    )


async def test_the_operators_tenants_are_checked_first(world):
    """The rules of a foreign tenant are not read."""
    one = await world.failed(payload=make_code_notice(), queue="notifications")
    stranger = Operator("eve", frozenset({"clinic"}))
    assert await world.desk.edit_failure(stranger, one, {"contact": "eve@example.com"}) == NotPossible(
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
async def test_internal_and_unreadable_messages_are_not_edited(world, queue, body):
    """The data of internal commands follows from their ids; unreadable messages have no fields."""
    one = await world.failed(payload=body, queue=queue)
    assert await world.desk.edit_failure(ANNA, one, {"calendar_id": "yours@example.com"}) == NotPossible(
        NotPossibleReason.NOT_EDITABLE
    )
    assert world.kept(one).payload == body
