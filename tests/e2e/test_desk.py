"""An operator at the command line finds failures, sees forecasts, edits messages and replays them."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.command_line import CommandLine, command_line
from tests.e2e.visitor import Visit
from tests.fakes.envelopes import command_body

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stride(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """Return the command line."""
    with command_line(stack, tmp_path_factory.mktemp("desk")) as runner:
        yield runner


async def failed_id(backstage: Backstage, session: str, kind: str) -> str:
    """Return the id of a session's failure once the ledger has it."""
    row = await backstage.failure(lambda row: row.get("session_id") == session and row.get("type") == kind)
    return str(row["failure_id"])


async def show(stride: CommandLine, failure_id: str) -> dict[str, Any]:
    ran = await stride("failures", "show", failure_id, "--json")
    assert ran.code == 0, ran.err
    details: dict[str, Any] = ran.json
    return details


def is_resolved(backstage: Backstage, failure_id: str) -> bool:
    return any(row["failure_id"] == failure_id and row["state"] == "resolved" for row in backstage.rows("failures"))


async def test_two_replays_of_an_event_have_one_effect(visit: Visit, backstage: Backstage, stride: CommandLine):
    """The visitor hears that the visit is confirmed, although the calendar's key is revoked; the event follows."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        pending = await hold(visitor, await free_slot(visitor), address)
        appointment_id = pending["data"]["appointment_id"]
        backstage.control_calendar("keys/revoke")
        try:
            confirmed = await confirm(visitor, pending, address, backstage)
            failure_id = await failed_id(backstage, session, "booking.settle_entry")
            before = await show(stride, failure_id)
            table = await stride("failures", "show", failure_id)
        finally:
            backstage.control_calendar("keys/restore")
        assert confirmed["type"] == "booking.confirmed"
        assert (before["state"], before["reason"]) == ("failed", "calendar_access_revoked")
        assert (before["forecast"]["kind"], before["forecast"]["code"]) == ("would_fail", "calendar_access_revoked")
        assert "it would fail again at present" in table.out
        assert address not in table.out
        assert backstage.events(appointment_id) == []

        assert (await show(stride, failure_id))["forecast"]["kind"] == "would_be_entered"
        replayed = await stride("failures", "retry", failure_id)
        assert replayed.code == 0, replayed.err
        await backstage.until(lambda: is_resolved(backstage, failure_id))
        event = await backstage.event(appointment_id)
        assert (await show(stride, failure_id))["forecast"]["kind"] == "already_done"

        ended = await stride("failures", "retry", failure_id)
        assert (ended.code, "--again" in ended.err) == (1, True)
        assert (await stride("failures", "retry", failure_id, "--again")).code == 0
        await backstage.until(lambda: is_resolved(backstage, failure_id))
        assert [frame["type"] for frame in visitor.seen].count("booking.confirmed") == 1
    [appointment] = backstage.appointments(session)
    assert appointment["state"] == "confirmed"
    assert await backstage.event(appointment_id) == event
    assert len(backstage.emails(address)) == 2
    audit_trail = [(entry["what"], entry["by"]) for entry in (await show(stride, failure_id))["story"]]
    first_replay = [("failed", "ledger"), ("replayed", "tester"), ("resolved", "booking")]
    assert audit_trail == [*first_replay, ("replayed", "tester"), ("resolved", "booking")]


async def test_a_booking_request_is_forecast_edited_and_replayed(
    visit: Visit, backstage: Backstage, stride: CommandLine
):
    """Its time becomes occupied: the desk offers alternatives, one is entered, and the visitor gets a code for it."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        slot = await free_slot(visitor)
        backstage.control_calendar("keys/revoke")
        try:
            refused = await hold(visitor, slot, address)
            assert refused["data"]["code"] == "INTERNAL"
            failure_id = await failed_id(backstage, session, "booking.create")
        finally:
            backstage.control_calendar("keys/restore")
        free = await show(stride, failure_id)
        assert (free["forecast"]["kind"], free["forecast"]["start"]) == ("free", slot["start"])

        start = datetime.fromisoformat(slot["start"])
        backstage.block_calendar(start.isoformat(), (start + timedelta(hours=1)).isoformat())
        occupied = await stride("failures", "retry", failure_id, "--dry-run")
        assert (occupied.code, "1: the time is occupied" in occupied.out) == (0, True)
        details = await show(stride, failure_id)
        assert details["forecast"]["kind"] == "taken"
        other = details["forecast"]["alternatives"][0]

        data = {"start": other, "service": slot["service"], "contact": address, "strat": "x"}
        wrong = await stride("failures", "edit", failure_id, "--data", "-", stdin=json.dumps(data))
        assert (wrong.code, "strat: there is no such field" in wrong.err) == (1, True)
        del data["strat"]
        edited = await stride("failures", "edit", failure_id, "--data", "-", stdin=json.dumps(data))
        assert (edited.code, "Changed start." in edited.out) == (0, True), edited.err
        assert (await show(stride, failure_id))["forecast"]["kind"] == "free"
        assert (await stride("failures", "retry", failure_id)).code == 0
        pending = await visitor.until("booking.pending", re=refused["re"])
    assert datetime.fromisoformat(pending["data"]["start"]) == datetime.fromisoformat(other)
    assert len(backstage.appointments(session)) == 1
    await backstage.code(address)


async def test_a_time_is_explained(visit: Visit, stack: Stack, stride: CommandLine):
    """An offered time has no block; one that a visitor holds is occupied by this hold."""
    async with visit() as visitor:
        slot = await free_slot(visitor)
        asked = ("slots", "explain", stack.options.tenant, slot["service"], slot["start"], "--json")
        offered = await stride(*asked)
        assert (offered.code, offered.json["blocks"]) == (0, []), offered.err

        pending = await hold(visitor, slot, fresh_address())
        occupied = await stride(*asked)

    assert occupied.code == 1, occupied.err
    assert [block["rule"] for block in occupied.json["blocks"]] == ["occupied"]
    [hold_of_visitor] = occupied.json["occupied_by"]
    assert (hold_of_visitor["kind"], hold_of_visitor["id"]) == ("hold", pending["data"]["appointment_id"])


async def test_an_editor_opens_only_the_data(stack: Stack, backstage: Backstage, stride: CommandLine):
    """The saved data is checked and stored; the edit and the view of personal data are recorded."""
    failure_id = await record_failure(stack, backstage, contact="jan@example.com")
    script = "sed -i -e 's/jan@example.com/anna@example.com/' -e '/^#/d'"
    ran = await stride("failures", "edit", failure_id, EDITOR=script)
    assert (ran.code, "Changed contact." in ran.out) == (0, True), ran.err
    details = (await stride("failures", "show", failure_id, "--unmask", "--json")).json
    assert details["data"]["contact"] == "anna@example.com"
    assert [entry["what"] for entry in details["story"]] == ["failed", "unmasked", "edited", "unmasked"]


async def test_a_failure_is_found_and_discarded(stack: Stack, backstage: Backstage, stride: CommandLine):
    """It is found by its error, its age and a part of its id; discarded, it is not open, and its reason is recorded."""
    failure_id = await record_failure(stack, backstage, reason="made_for_this_test")
    by_error = ("failures", "list", "--error", "made_for_this_test")
    found = (await stride(*by_error, "--age", "5m", "--text", failure_id[:12].upper(), "--json")).json
    assert [row["failure_id"] for row in found["failures"]] == [failure_id]
    assert "payload" not in found["failures"][0]
    assert (await stride(*by_error, "--older-than", "5m", "--json")).json["failures"] == []
    discarded = await stride("failures", "discard", failure_id, "--reason", "only a test")
    assert discarded.code == 0, discarded.err
    assert (await stride(*by_error, "--json")).json["failures"] == []
    stats = (await stride("failures", "stats", "--error", "made_for_this_test", "--state", "all", "--json")).json
    assert (stats["total"], stats["by_state"]) == (1, {"discarded": 1})
    assert (await show(stride, failure_id))["story"][-1]["note"] == "only a test"


async def test_a_separate_process_finds_the_stack_by_its_file(stack: Stack, backstage: Backstage, stride: CommandLine):
    """Without AWS settings in its environment."""
    failure_id = await record_failure(stack, backstage)
    ran = await stride.process("failures", "show", failure_id)
    assert (ran.code, failure_id in ran.out) == (0, True), ran.err
    ran = await stride.process("--stack", "nobodys", "status")
    assert (ran.code, "--stack" in ran.err, "Traceback" in ran.err) == (2, True, False)


async def test_errors_say_what_to_do(stride: CommandLine):
    """They are one line, with an exit code for each kind."""
    ran = await stride("failures", "show", "0" * 32)
    assert (ran.code, "stride failures list" in ran.err) == (1, True)
    ran = await stride("failures", "discard", "0" * 32, "--reason", "x")
    assert ran.code == 1
    ran = await stride("failures", "list", "--age", "yesterday")
    assert (ran.code, "write 90s, 15m, 2h, 3d or 1w" in ran.err) == (2, True)
    ran = await stride("failures", "retry")
    assert ran.code == 2


async def test_the_doctor_finds_problems(backstage: Backstage, stride: CommandLine):
    """After a key or a permission is revoked it names the calendar and gives advice."""
    healthy = await stride("doctor", "--json")
    assert (healthy.code, {check["state"] for check in healthy.json}) == (0, {"ok"}), healthy.out
    backstage.control_calendar("keys/revoke")
    try:
        broken = await stride("doctor")
    finally:
        backstage.control_calendar("keys/restore")
    assert broken.code == 1
    assert "PROBLEM  calendar studio-lumen" in broken.out
    assert "put a valid key of the service account into the secret" in broken.out
    backstage.share_calendar("reader")
    try:
        unwritable = await stride("doctor")
    finally:
        backstage.share_calendar("writer")
    assert (unwritable.code, "may be read, but not written" in unwritable.out) == (1, True)
    assert "with the right to change events" in unwritable.out


async def test_status_shows_every_queue(stride: CommandLine):
    """As a table and as JSON."""
    rows = (await stride("status", "--json")).json
    assert [row["queue"] for row in rows] == ["booking", "chat", "notifications", "codes", "feedback"]
    assert all(row["waiting"] >= 0 for row in rows)
    assert [row["failed"] is None for row in rows] == [False, False, False, True, True]
    assert "IN FLIGHT" in (await stride("status")).out


async def record_failure(
    stack: Stack, backstage: Backstage, *, reason: str = "bug", contact: str = "jan@example.com"
) -> str:
    """Send a dead letter as the workers do; return the failure's id once the ledger has it."""
    session = uuid.uuid4().hex
    body = command_body(
        uuid.uuid4().hex,
        session=session,
        tenant=stack.options.tenant,
        accepted_at=datetime.now(UTC).isoformat(),
        type="booking.create",
        data={"start": "2026-01-13T10:00", "contact": contact, "service": "consultation"},
    )
    attributes = {"reason": reason, "error": "made by hand", "attempts": "5", "group": session}
    stack.client("sqs").send_message(
        QueueUrl=stack.describe()["queues"]["booking_dlq"],
        MessageBody=body,
        MessageGroupId=session,
        MessageDeduplicationId=session,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )
    return await failed_id(backstage, session, "booking.create")
