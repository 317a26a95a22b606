"""The desk and personal data, against the deployed stack: erasure, and the contacts that a notice may have."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.command_line import CommandLine, command_line

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stride(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with command_line(stack, tmp_path_factory.mktemp("desk-personal-data")) as runner:
        yield runner


async def test_a_conversation_is_erased(stack: Stack, backstage: Backstage, stride: CommandLine):
    """The stored row says that it was erased and by whom; no id leads to the visitor."""
    failure_id, session = await record_failure(stack, stride, "booking")
    dry = (await stride("failures", "erase", "--session", session, "--dry-run", "--json")).json
    assert dry == {"failures": 1, "by_queue": {"booking": 1}, "by_state": {"failed": 1}, "left": 0, "usage_records": 0}
    ran = await stride.process("failures", "erase", "--session", session, "--yes")
    assert (ran.code, ran.out.strip()) == (0, "Erased 1 failure (1 booking; 1 failed)."), ran.err
    [row] = [row for row in backstage.rows("failures") if row["failure_id"] == failure_id]
    assert (row["state"], row["story"][-1]["by"]) == ("erased", "tester")
    assert session not in str(row)
    assert (await stride("failures", "erase", "--session", session, "--yes")).out.strip() == (
        "This conversation has no failures, and no usage records."
    )
    retried = await stride("failures", "retry", failure_id, "--again")
    assert (retried.code, "its content was erased" in retried.err + retried.out) == (1, True)


async def test_the_contact_of_a_notice_is_checked(stack: Stack, stride: CommandLine):
    """By booking's rules: the channels of the deployment, and the country of the business."""
    failure_id, _ = await record_failure(stack, stride, "notifications")

    async def edit(**data: str) -> Any:
        return await stride("failures", "edit", failure_id, "--data", "-", stdin=json.dumps(data))

    invalid = await edit(contact="call me")
    assert (invalid.code, "contact: this is neither an e-mail address nor a mobile number" in invalid.err) == (1, True)
    valid = await edit(contact="512 345 678")
    assert (valid.code, "Changed contact, contact_kind." in valid.out) == (0, True), valid.err
    data = (await stride("failures", "show", failure_id, "--unmask", "--json")).json["data"]
    assert (data["contact"], data["contact_kind"]) == ("+48512345678", "phone")


async def record_failure(stack: Stack, stride: CommandLine, queue: str) -> tuple[str, str]:
    """Send a dead letter as a worker does; return the failure's id and session once the ledger has it."""
    session, now = uuid.uuid4().hex, datetime.now(UTC)
    envelope: dict[str, Any] = {
        "version": 1,
        "id": uuid.uuid4().hex,
        "tenant": stack.options.tenant,
        "session_id": session,
        "accepted_at": now.isoformat(),
        "locale": "en",
    }
    if queue == "booking":
        request = {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "consultation"}
        envelope |= {"type": "booking.create", "client_id": "c1", "connection_id": "none", "data": request}
    else:
        facts = {"appointment_id": uuid.uuid4().hex, "contact": "jan@exmaple.com", "service": "consultation"}
        times = {"start": (now + timedelta(days=2)).isoformat(), "end": (now + timedelta(days=2)).isoformat()}
        envelope |= {"type": "notice.reminder", "hours_before": 24}
        envelope["data"] = facts | times | {"service_name": "Consultation"}
    attributes = {"reason": "bug", "error": "made by hand", "attempts": "5", "group": session}
    fifo = {"MessageDeduplicationId": session} if queue == "booking" else {}
    stack.client("sqs").send_message(
        QueueUrl=stack.describe()["queues"][f"{queue}_dlq"],
        MessageBody=json.dumps(envelope),
        MessageGroupId=session,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        **fifo,
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            found = (await stride("failures", "list", "--text", session, "--json")).json["failures"]
            if found:
                return found[0]["failure_id"], session
            await asyncio.sleep(0.2)
