"""Dead letters move from their queues to the failure ledger, which also records the outcome of replays."""

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
from shared.aws.clients import open_aws_clients
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
    description = stack.describe()
    tables = {f"{name}_table": description["tables"][name] for name in ("conversations", "connections", "processed")}
    endpoint = description["aws_endpoint_url"]
    settings = AwsSettings(
        aws_endpoint_url=endpoint, knowledge_bucket=description["bucket"], websocket_endpoint=endpoint, **tables
    )
    async with open_aws_clients(settings) as clients:
        yield DynamoFailureLedger(
            client=await clients.open_client("dynamodb"),
            table=description["tables"]["failures"],
            cipher=PayloadCipher(backstage.secret("FailuresKeySecretId").split()),
            clock=SystemClock(),
        )


async def wait_until_empty(backstage: Backstage, stack: Stack, queue: str) -> None:
    """Wait until a dead-letter queue has no messages, visible or in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.describe()["queues"][f"{queue}_dlq"]

    def is_empty() -> bool:
        counts = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return not any(int(count) for count in counts.values())

    await backstage.until(is_empty)


def envelope_of(stack: Stack, session: str) -> dict[str, Any]:
    """Return the envelope of a visitor's message that was accepted now."""
    fields = {"client_id": "lost", "accepted_at": datetime.now(UTC).isoformat(), "locale": "en"}
    return envelope(uuid.uuid4().hex, "Hello?", session, tenant=stack.options.tenant, **fields)


async def test_unreadable_messages_are_stored_unchanged(backstage: Backstage, stack: Stack, ledger: Any):
    """Each is received once; the ledger has it with its reason and message group, and the queue is empty."""
    mark = uuid.uuid4().hex
    newer = json.dumps({"version": 9, "type": "chat.send", "id": mark})
    bodies = {"not_json": f"{{not json {mark} \u0105\U0001f984", "newer_version": newer}
    for reason, body in bodies.items():
        backstage.send("chat", body, group=f"{reason}-{mark}")
    for reason, body in bodies.items():
        row = await backstage.failure(lambda row, group=f"{reason}-{mark}": row.get("group") == group)
        kept = await ledger.get(row["failure_id"])
        assert (kept.queue, kept.reason, kept.state, kept.payload) == ("chat", reason, FailureState.FAILED, body)
        # Another release may decode a JSON message, so its id and its type are stored.
        is_json = reason == "newer_version"
        assert (kept.type, kept.command_id) == (("chat.send", mark) if is_json else (None, None))
        assert kept.tenant is None
        assert mark not in str(row["error"])
    await wait_until_empty(backstage, stack, "chat")


async def test_an_unreadable_notice_is_stored(backstage: Backstage, stack: Stack, ledger: Any):
    """Dead letters of the standard queue are processed in the same way."""
    mark = uuid.uuid4().hex
    backstage.send("notifications", f"[{mark}", group=mark)
    row = await backstage.failure(lambda row: row.get("group") == mark)
    assert (await ledger.get(row["failure_id"])).payload == f"[{mark}"
    await wait_until_empty(backstage, stack, "notifications")


async def test_a_failed_booking_is_reported_stored_and_resolved(
    visit: Visit, stack: Stack, backstage: Backstage, ledger: Any
):
    """The visitor gets one durable error, the ledger stores the command encrypted, and a replay resolves it."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        slot = await free_slot(visitor)
        backstage.control_calendar("keys/revoke")
        try:
            error = await hold(visitor, slot, address)
            row = await backstage.failure(lambda row: row.get("session_id") == session)
        finally:
            backstage.control_calendar("keys/restore")
        assert (error["data"]["code"], error["seq"] > 0) == ("INTERNAL", True)
        assert (row["reason"], row["queue"], row["group"]) == ("calendar_access_revoked", "booking", session)
        assert (row["tenant"], row["type"]) == (stack.options.tenant, "booking.create")
        assert address not in str(row)
        await wait_until_empty(backstage, stack, "booking")

        kept = await ledger.get(row["failure_id"])
        command = json.loads(kept.payload)
        assert command["client_id"] == error["re"]
        assert command["data"]["contact"] == address
        replaying = replace(kept, state=FailureState.REPLAYING, replays=1, version=kept.version + 1)
        assert await ledger.change(replaying)
        backstage.send("booking", json.dumps(command | {"replay": 1}), group=session)
        pending = await visitor.until("booking.pending", re=error["re"])
    assert pending["seq"] > error["seq"]
    row = await backstage.failure(lambda row: row["failure_id"] == kept.failure_id and row["state"] == "resolved")
    assert [(entry["what"], entry["by"]) for entry in row["story"]] == [("failed", "ledger"), ("resolved", "booking")]
    assert row["expires_at"] > datetime.now(UTC).timestamp()


async def test_a_command_of_another_release_is_reported_and_has_its_tenant(
    visit: Visit, stack: Stack, backstage: Backstage
):
    """During a rollout the visitor gets an error, and the owner finds the failure."""
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        newer = envelope_of(stack, session) | {"version": 9}
        backstage.send("chat", json.dumps(newer), group=session)
        error = await visitor.until("error", re="lost")
    assert (error["data"]["code"], error["seq"] > 0) == ("INTERNAL", True)
    row = await backstage.failure(lambda row: row.get("session_id") == session)
    assert (row["reason"], row["tenant"], row["type"]) == ("newer_version", stack.options.tenant, "chat.send")
    await wait_until_empty(backstage, stack, "chat")


async def test_a_command_that_sqs_dead_lettered_is_reported_and_stored(
    visit: Visit, stack: Stack, backstage: Backstage, ledger: Any
):
    """No worker processed it: the failures worker notifies the visitor once, and the ledger has the reason."""
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        lost = envelope_of(stack, session)
        for number in (1, 2):
            # SQS moves the message unchanged, and may deliver it twice.
            stack.client("sqs").send_message(
                QueueUrl=stack.describe()["queues"]["chat_dlq"],
                MessageBody=json.dumps(lost),
                MessageGroupId=session,
                MessageDeduplicationId=f"{session}-{number}",
            )
        error = await visitor.until("error", re="lost")
        await wait_until_empty(backstage, stack, "chat")
        later = await visitor.quiet(1)
    assert (error["data"]["code"], error["seq"] > 0) == ("INTERNAL", True)
    assert [frame for frame in later if frame["type"] == "error" and frame["seq"] != error["seq"]] == []
    rows = [row for row in backstage.rows("failures") if row.get("session_id") == session]
    assert [row["reason"] for row in rows] == ["receives_exhausted"]


async def test_a_code_that_could_not_be_sent_is_reported_in_the_open_chat(
    visit: Visit, stack: Stack, backstage: Backstage
):
    """The provider's refusal is in the ledger, and the visitor has one durable error about the hold."""
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        address = fresh_address()
        held = (await hold(visitor, await free_slot(visitor), address))["data"]
        await backstage.code(address)
        facts = {name: held[name] for name in ("appointment_id", "start", "end", "service")}
        notice = {
            "type": "notice.code",
            "id": f"unsent-{session}",
            "tenant": stack.options.tenant,
            "session_id": session,
            "locale": "en",
            "accepted_at": datetime.now(UTC).isoformat(),
            # No header can name this address, so it is refused as a provider refuses one.
            "data": {**facts, "service_name": "Consultation", "contact": "=?utf-8?q?a?=@example.com"},
            "send_number": 1,
            "expires_at": held["expires_at"],
            "other_contact_kinds": ["phone"],
        }
        backstage.send("notifications", json.dumps(notice), group=stack.options.tenant)
        error = await visitor.until("error")
    assert "re" not in error
    assert (error["data"]["code"], error["data"]["appointment_id"]) == ("INVALID_CONTACT", held["appointment_id"])
    assert error["data"]["other_contact_kinds"] == ["phone"]
    row = await backstage.failure(lambda row: row.get("session_id") == session)
    assert (row["reason"], row["type"]) == ("mail_rejected", "notice.code")


@pytest.mark.parametrize(
    ("per_queue", "crashes"),
    [
        pytest.param(20, ("-10",), id="short"),
        pytest.param(60, ("-10", "-30", "-50"), id="long", marks=pytest.mark.soak),
    ],
)
async def test_every_dead_letter_is_stored_once_in_spite_of_crashes(
    stack: Stack, backstage: Backstage, per_queue: int, crashes: tuple[str, ...]
):
    """The worker is killed while it reads dead letters of two queues: each becomes one row with one audit entry."""
    mark = uuid.uuid4().hex
    expected = {f"{mark}-{queue}-{number}" for queue in ("booking", "notifications") for number in range(per_queue)}
    for group in sorted(expected):
        queue = group.split("-")[1]
        name = f"{queue}_dlq"
        more = {"MessageDeduplicationId": group} if queue == "booking" else {}
        stack.client("sqs").send_message(
            QueueUrl=stack.describe()["queues"][name], MessageBody=f"no json {group}", MessageGroupId=group, **more
        )
        if group.endswith(crashes):
            os.kill(stack.children["failures"].pid, signal.SIGKILL)
            stack.children.stop("failures")
            await asyncio.to_thread(stack.start_pool, "failures")

    def rows() -> list[dict[str, Any]]:
        return [row for row in backstage.rows("failures") if str(row.get("group")).startswith(mark)]

    async with asyncio.timeout(DEADLINE_SECONDS):
        while {row["group"] for row in rows()} != expected:
            await asyncio.sleep(0.2)
    await wait_until_empty(backstage, stack, "booking")
    await wait_until_empty(backstage, stack, "notifications")
    assert len(rows()) == 2 * per_queue
    assert {len(row["story"]) for row in rows()} == {1}
