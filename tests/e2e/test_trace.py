"""One trace runs from a visitor's frame through every worker that it keeps busy, to be found in their logs."""

import asyncio
import base64
import json
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


def lines_in(text: str) -> list[Line]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


async def finished(stack: Stack, pool: str, **fields: str) -> Line:
    """Return a pool's line about the end of a delivery with these fields, once it is there."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            for line in lines_in(stack.children[pool].log.read_text(encoding="utf-8")):
                if line.get("event") == "delivery_finished" and fields.items() <= line.items():
                    return line
            await asyncio.sleep(0.1)


def told_by_the_ingress(stack: Stack, session_id: str, connection_id: str, kind: str, data: Line) -> Line:
    """Hand a frame to the ingress as API Gateway does, and return its line about the command.

    Of what a function writes while it serves a WebSocket, the emulator keeps nothing.
    """
    vouched = {"tenant": stack.options.tenant, "session_id": session_id, "resume": "new", "locale": "en"}
    event = {
        "requestContext": {
            "routeKey": "$default",
            "eventType": "MESSAGE",
            "connectionId": connection_id,
            "authorizer": vouched,
        },
        "body": json.dumps({"v": 1, "type": kind, "id": "traced", "data": data}),
    }
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["IngressName"], Payload=json.dumps(event), LogType="Tail"
    )
    [line] = (
        line
        for line in lines_in(base64.b64decode(answer["LogResult"]).decode())
        if line.get("event") == "command_accepted"
    )
    return line


async def connected(visitor: Visitor, backstage: Backstage) -> tuple[str, str]:
    """Say hello; return the ids of session and connection."""
    session_id = (await visitor.hello())["data"]["session_id"]
    [connection_id] = [row["connection_id"] for row in backstage.rows("connections") if row["session_id"] == session_id]
    return session_id, connection_id


async def test_a_messages_trace_is_in_the_log_of_its_worker(visit: Visit, stack: Stack, backstage: Backstage):
    """Who asks what became of a message finds both halves under one id."""
    async with visit(greet=False) as visitor:
        speaker = await connected(visitor, backstage)
        accepted = told_by_the_ingress(stack, *speaker, "chat.send", {"text": "Where are you?"})
        await visitor.until("chat.final", re="traced")

    assert Trace.parse(f"Root={accepted['trace_id']}")
    line = await finished(stack, "chat", command_id=accepted["command_id"])
    assert line["trace_id"] == accepted["trace_id"]


async def test_a_bookings_trace_goes_on_to_its_notice(visit: Visit, stack: Stack, backstage: Backstage):
    """A code that did not arrive is looked for under the trace of the booking: three logs, one id."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        speaker = await connected(visitor, backstage)
        slot = await free_slot(visitor)
        wish = {"start": slot["start"], "service": slot["service"], "contact": address}
        accepted = told_by_the_ingress(stack, *speaker, "booking.create", wish)
        await visitor.until("booking.pending", re="traced")
        await backstage.mail(address)

    booked = await finished(stack, "booking", command_id=accepted["command_id"])
    told = await finished(stack, "notifications", session_id=speaker[0], type="notice.code")
    assert [booked["trace_id"], told["trace_id"]] == [accepted["trace_id"]] * 2


async def test_each_frame_over_the_socket_has_a_trace_of_its_own(visit: Visit, stack: Stack, backstage: Backstage):
    """Also where Lambda gives none, as the emulator for a WebSocket: the ingress makes one, and the notice has it."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session_id = (await visitor.hello())["data"]["session_id"]
        await hold(visitor, await free_slot(visitor), address)
        await backstage.mail(address)

    listed = await finished(stack, "booking", session_id=session_id, type="booking.slots")
    booked = await finished(stack, "booking", session_id=session_id, type="booking.create")
    told = await finished(stack, "notifications", session_id=session_id, type="notice.code")
    assert Trace.parse(f"Root={listed['trace_id']}")
    assert listed["trace_id"] != booked["trace_id"] == told["trace_id"]
