"""One trace follows a visitor's frame through every worker that processes it, and is in their logs."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.stack import Stack
from shared.trace import Trace
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.booking import free_slot, fresh_address, hold
from tests.e2e.visitor import Visit, Visitor

pytestmark = pytest.mark.e2e

Line = dict[str, Any]


def log_lines(text: str) -> list[Line]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


async def delivery_finished(stack: Stack, pool: str, **fields: str) -> Line:
    """Wait for a pool's `delivery_finished` log line with these fields, and return it."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            for line in log_lines(stack.children[pool].log.read_text(encoding="utf-8")):
                if line.get("event") == "delivery_finished" and fields.items() <= line.items():
                    return line
            await asyncio.sleep(0.1)


def send_through_ingress(stack: Stack, session_id: str, connection_id: str, kind: str, data: Line) -> Line:
    """Pass a frame to the ingress as API Gateway does, and return its log line about the command.

    The emulator drops the logs of a function that it calls for a WebSocket, so the test calls the function itself. A
    line that a busy machine writes later than the function's answer is in the log of a later call.
    """
    authorizer_context = {"tenant": stack.options.tenant, "session_id": session_id, "resume": "new", "locale": "en"}

    def invoke(body: str) -> Iterator[Line]:
        event = {
            "requestContext": {
                "routeKey": "$default",
                "eventType": "MESSAGE",
                "connectionId": connection_id,
                "authorizer": authorizer_context,
            },
            "body": body,
        }
        answer = stack.client("lambda").invoke(
            FunctionName=stack.outputs["IngressName"], Payload=json.dumps(event), LogType="Tail"
        )
        lines = log_lines(base64.b64decode(answer.get("LogResult", "")).decode())
        return (line for line in lines if line.get("event") == "command_accepted")

    accepted = next(invoke(json.dumps({"v": 1, "type": kind, "id": "traced", "data": data})), None)
    end = time.monotonic() + DEADLINE_SECONDS
    while accepted is None:
        assert time.monotonic() < end, "the ingress logged no command"
        accepted = next(invoke("no frame"), None)
    return accepted


async def open_session(visitor: Visitor, backstage: Backstage) -> tuple[str, str]:
    """Send `hello`; return the ids of the session and the connection."""
    session_id = (await visitor.hello())["data"]["session_id"]
    [connection_id] = [row["connection_id"] for row in backstage.rows("connections") if row["session_id"] == session_id]
    return session_id, connection_id


async def test_a_messages_trace_is_in_the_log_of_its_worker(visit: Visit, stack: Stack, backstage: Backstage):
    """The log lines of the ingress and of the worker have the same trace id."""
    async with visit(greet=False) as visitor:
        ids = await open_session(visitor, backstage)
        accepted = send_through_ingress(stack, *ids, "chat.send", {"text": "Where are you?"})
        await visitor.until("chat.final", re="traced")

    assert Trace.parse(f"Root={accepted['trace_id']}")
    line = await delivery_finished(stack, "chat", command_id=accepted["command_id"])
    assert line["trace_id"] == accepted["trace_id"]


async def test_a_notice_has_the_trace_of_its_booking(visit: Visit, stack: Stack, backstage: Backstage):
    """The log lines of the ingress, booking and notifications have the same trace id."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        ids = await open_session(visitor, backstage)
        slot = await free_slot(visitor)
        request = {"start": slot["start"], "service": slot["service"], "contact": address}
        accepted = send_through_ingress(stack, *ids, "booking.create", request)
        await visitor.until("booking.pending", re="traced")
        await backstage.email(address)

    booking = await delivery_finished(stack, "booking", command_id=accepted["command_id"])
    notice = await delivery_finished(stack, "notifications", session_id=ids[0], type="notice.code")
    assert [booking["trace_id"], notice["trace_id"]] == [accepted["trace_id"]] * 2


async def test_each_frame_over_the_socket_has_its_own_trace(visit: Visit, stack: Stack, backstage: Backstage):
    """The emulator's Lambda gives no trace for a WebSocket: the ingress starts one, and the notice has it."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session_id = (await visitor.hello())["data"]["session_id"]
        await hold(visitor, await free_slot(visitor), address)
        await backstage.email(address)

    slots = await delivery_finished(stack, "booking", session_id=session_id, type="booking.slots")
    booking = await delivery_finished(stack, "booking", session_id=session_id, type="booking.create")
    notice = await delivery_finished(stack, "notifications", session_id=session_id, type="notice.code")
    assert Trace.parse(f"Root={slots['trace_id']}")
    assert slots["trace_id"] != booking["trace_id"] == notice["trace_id"]
