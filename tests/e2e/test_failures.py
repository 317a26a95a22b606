"""What failed for good is in the ledger and gone from its dead-letter queue; the end of a replay is noted there."""

import asyncio
import json
import os
import signal
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.stack import Stack
from shared.aws.clients import aws_clients
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.clock import SystemClock
from shared.ledger.failures import FailureState
from shared.settings import AwsSettings
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.booking import free_slot, fresh_address, hold
from tests.e2e.visitor import Visit
from tests.fakes.envelopes import envelope

pytestmark = pytest.mark.e2e


@pytest.fixture
async def ledger(stack: Stack, backstage: Backstage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Open the ledger as the desk does."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    found = stack.describe()
    tables = {f"{name}_table": found["tables"][name] for name in ("conversations", "connections", "processed")}
    endpoint = found["aws_endpoint_url"]
    settings = AwsSettings(
        aws_endpoint_url=endpoint, knowledge_bucket=found["bucket"], websocket_endpoint=endpoint, **tables
    )
    async with aws_clients(settings) as clients:
        yield DynamoFailureLedger(
            client=await clients.client("dynamodb"),
            table=found["tables"]["failures"],
            cipher=PayloadCipher(backstage.secret("FailuresKeySecretId").split()),
            clock=SystemClock(),
        )


async def emptied(backstage: Backstage, stack: Stack, queue: str) -> None:
    """Wait until nothing is left on a dead-letter queue, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.describe()["queues"][f"{queue}_dlq"]

    def is_empty() -> bool:
        counts = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return not any(int(count) for count in counts.values())

    await backstage.until(is_empty)


def envelope_of(stack: Stack, session: str) -> dict[str, Any]:
    """Return a visitor's message of just now."""
    said = {"client_id": "lost", "accepted_at": datetime.now(UTC).isoformat(), "locale": "en"}
    return envelope(uuid.uuid4().hex, "Hello?", session, tenant=stack.options.tenant, **said)


async def test_messages_that_can_not_be_read_are_kept_as_they_are(backstage: Backstage, stack: Stack, ledger: Any):
    """Each costs one receipt; the ledger has it with its reason and its group, and nothing is left behind."""
    mark = uuid.uuid4().hex
    newer = json.dumps({"version": 9, "type": "chat.send", "id": mark})
    bodies = {"not_json": f"{{not json {mark} \u0105\U0001f984", "newer_version": newer}
    for reason, body in bodies.items():
        backstage.send("chat", body, group=f"{reason}-{mark}")
    for reason, body in bodies.items():
        row = await backstage.failure(lambda row, group=f"{reason}-{mark}": row.get("group") == group)
        kept = await ledger.get(row["failure_id"])
        assert (kept.queue, kept.reason, kept.state, kept.payload) == ("chat", reason, FailureState.FAILED, body)
        # What says its id and its type may be read by another release, and is known by them.
        is_json = reason == "newer_version"
        assert (kept.type, kept.command_id) == (("chat.send", mark) if is_json else (None, None))
        assert kept.tenant is None
        assert mark not in str(row["error"])
    await emptied(backstage, stack, "chat")


async def test_a_notice_that_is_none_is_kept_too(backstage: Backstage, stack: Stack, ledger: Any):
    """The standard queue's letters come the same way."""
    mark = uuid.uuid4().hex
    backstage.send("notifications", f"[{mark}", group=mark)
    row = await backstage.failure(lambda row: row.get("group") == mark)
    assert (await ledger.get(row["failure_id"])).payload == f"[{mark}"
    await emptied(backstage, stack, "notifications")


async def test_a_booking_that_fails_for_good_is_told_kept_and_resolved(
    visit: Visit, stack: Stack, backstage: Backstage, ledger: Any
):
    """The visitor hears one durable error, the ledger keeps the command unreadable to others, a replay resolves it."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        slot = await free_slot(visitor)
        backstage.control_calendar("keys/revoke")
        try:
            refused = await hold(visitor, slot, address)
            row = await backstage.failure(lambda row: row.get("session_id") == session)
        finally:
            backstage.control_calendar("keys/restore")
        assert (refused["data"]["code"], refused["seq"] > 0) == ("INTERNAL", True)
        assert (row["reason"], row["queue"], row["group"]) == ("calendar_access_revoked", "booking", session)
        assert (row["tenant"], row["type"]) == (stack.options.tenant, "booking.create")
        assert address not in str(row)
        await emptied(backstage, stack, "booking")

        kept = await ledger.get(row["failure_id"])
        command = json.loads(kept.payload)
        assert command["client_id"] == refused["re"]
        assert command["data"]["contact"] == address
        replaying = replace(kept, state=FailureState.REPLAYING, replays=1, version=kept.version + 1)
        assert await ledger.change(replaying)
        backstage.send("booking", json.dumps(command | {"replay": 1}), group=session)
        pending = await visitor.until("booking.pending", re=refused["re"])
    assert pending["seq"] > refused["seq"]
    row = await backstage.failure(lambda row: row["failure_id"] == kept.failure_id and row["state"] == "resolved")
    assert [(entry["what"], entry["by"]) for entry in row["story"]] == [("failed", "ledger"), ("resolved", "booking")]
    assert row["expires_at"] > datetime.now(UTC).timestamp()


async def test_a_command_of_another_release_is_told_and_belongs_to_its_business(
    visit: Visit, stack: Stack, backstage: Backstage
):
    """In the middle of a rollout: the visitor hears it, and the owner finds it."""
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        newer = envelope_of(stack, session) | {"version": 9}
        backstage.send("chat", json.dumps(newer), group=session)
        error = await visitor.until("error", re="lost")
    assert (error["data"]["code"], error["seq"] > 0) == ("INTERNAL", True)
    row = await backstage.failure(lambda row: row.get("session_id") == session)
    assert (row["reason"], row["tenant"], row["type"]) == ("newer_version", stack.options.tenant, "chat.send")
    await emptied(backstage, stack, "chat")


async def test_a_command_that_the_queue_gave_up_is_told_and_kept(
    visit: Visit, stack: Stack, backstage: Backstage, ledger: Any
):
    """No worker came to say anything: the visitor hears it from the ledger, once, and the ledger knows why."""
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        lost = envelope_of(stack, session)
        for number in (1, 2):
            # SQS moves the message as it is; and it may deliver that twice.
            stack.client("sqs").send_message(
                QueueUrl=stack.describe()["queues"]["chat_dlq"],
                MessageBody=json.dumps(lost),
                MessageGroupId=session,
                MessageDeduplicationId=f"{session}-{number}",
            )
        error = await visitor.until("error", re="lost")
        await emptied(backstage, stack, "chat")
        later = await visitor.quiet(1)
    assert (error["data"]["code"], error["seq"] > 0) == ("INTERNAL", True)
    assert [frame for frame in later if frame["type"] == "error" and frame["seq"] != error["seq"]] == []
    rows = [row for row in backstage.rows("failures") if row.get("session_id") == session]
    assert [row["reason"] for row in rows] == ["receives_exhausted"]


@pytest.mark.parametrize(
    ("each", "deaths"),
    [
        pytest.param(20, ("-10",), id="short"),
        pytest.param(60, ("-10", "-30", "-50"), id="long", marks=pytest.mark.soak),
    ],
)
async def test_a_ledger_that_is_killed_again_and_again_has_every_letter_once(
    stack: Stack, backstage: Backstage, each: int, deaths: tuple[str, ...]
):
    """Letters of two queues, a worker that dies in the middle of each: each letter is one row with one line."""
    mark = uuid.uuid4().hex
    wanted = {f"{mark}-{queue}-{number}" for queue in ("booking", "notifications") for number in range(each)}
    for group in sorted(wanted):
        queue = group.split("-")[1]
        name = f"{queue}_dlq"
        more = {"MessageDeduplicationId": group} if queue == "booking" else {}
        stack.client("sqs").send_message(
            QueueUrl=stack.describe()["queues"][name], MessageBody=f"no json {group}", MessageGroupId=group, **more
        )
        if group.endswith(deaths):
            os.kill(stack.children["failures"].pid, signal.SIGKILL)
            stack.children.stop("failures")
            await asyncio.to_thread(stack.start_pool, "failures")

    def rows() -> list[dict[str, Any]]:
        return [row for row in backstage.rows("failures") if str(row.get("group")).startswith(mark)]

    async with asyncio.timeout(DEADLINE_SECONDS):
        while {row["group"] for row in rows()} != wanted:
            await asyncio.sleep(0.2)
    await emptied(backstage, stack, "booking")
    await emptied(backstage, stack, "notifications")
    assert len(rows()) == 2 * each
    assert {len(row["story"]) for row in rows()} == {1}
