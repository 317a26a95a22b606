"""The same handlers behind Lambda event-source mappings, as AWS runs them by default."""

import json
import os
import uuid
from pathlib import Path

import pytest

from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.command_line import command_line
from tests.e2e.test_handover import list_alerts, read_row
from tests.e2e.visitor import Visit

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        bool(os.environ.get("AWS_ENDPOINT_URL")), reason="needs an emulator of its own: one stack at a time in each"
    ),
]


async def test_a_visitor_chats_and_books_with_the_workers_on_lambda(lambda_stack: Stack):
    """One answer to each message, also with what booking knows; one confirmed appointment, one event, two e-mails.

    A person is offered by the model's tool, and asked for by the visitor's own frame, with one alert.
    """
    description, backstage, address = lambda_stack.describe(), Backstage(lambda_stack), fresh_address()
    visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        first = await visitor.ask("chat.send", {"text": "How much is a massage?"}, "chat.final")
        second = await visitor.ask("chat.send", {"text": "And where are you?"}, "chat.final")
        slot = await free_slot(visitor)
        question = f"Is there anything free on {slot['start'][:10]} for a consultation?"
        times = await visitor.ask("chat.send", {"text": question}, "chat.final")
        pending = await hold(visitor, slot, address)
        confirmed = await confirm(visitor, pending, address, backstage)
        await backstage.email(address, number=2)

        offer = await visitor.ask("chat.send", {"text": "Can I talk to a person, please?"}, "chat.final")
        asked = await visitor.ask("handover.request", {"note": "About my knee."}, "chat.final")
        alerts = [request["id"] for request in read_row(backstage, session)["requests"]]
        await backstage.until(lambda: list_alerts(backstage, *alerts) == alerts)

    assert slot["start"][11:16] in times["data"]["text"]
    assert [action["type"] for action in offer["data"]["actions"]] == ["handover.offer"]
    assert asked["data"]["announces"] in {"handover_requested", "handover_closed"}
    assert len(alerts) == 1
    assert (first["type"], second["type"]) == ("chat.final", "chat.final")
    assert confirmed["type"] == "booking.confirmed"
    assert [row["state"] for row in backstage.appointments(session)] == ["confirmed"]
    assert await backstage.event(pending["data"]["appointment_id"])


@pytest.mark.soak
async def test_dead_letters_reach_the_ledger_with_the_workers_on_lambda(lambda_stack: Stack):
    """The event-source mappings of the dead-letter queues pass the dead-letter attributes."""
    backstage, mark = Backstage(lambda_stack), uuid.uuid4().hex
    for queue in ("chat", "booking", "notifications"):
        # One after the other: each concurrent message starts another process of the function, which takes seconds.
        backstage.send(queue, f"no json {mark} {queue}", group=mark)
        row = await backstage.failure(lambda row, queue=queue: (row.get("group"), row["queue"]) == (mark, queue))
        assert (row["reason"], row["error"]) == ("not_json", "the body is not a JSON object")


@pytest.mark.soak
async def test_the_doctor_finds_a_worker_that_does_not_start(lambda_stack: Stack, tmp_path: Path):
    """The line is in the log of the function; once the function is changed again, it says nothing any more."""
    client, name = lambda_stack.client("lambda"), "stride-failures"
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    broken = {key: value for key, value in variables.items() if key != "FAILURES_TABLE"}
    with command_line(lambda_stack, tmp_path) as stride:
        assert "OK       function failures" in (await stride("doctor")).out
        client.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
        try:
            client.invoke(FunctionName=name, Payload=json.dumps({"Records": []}))
            failed = await stride("doctor")
        finally:
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        repaired = await stride("doctor")
    assert failed.code == 1
    assert "PROBLEM  function failures" in failed.out
    assert f"{name} does not start: check these variables: FAILURES_TABLE: Field required" in failed.out
    assert "OK       function failures" in repaired.out


async def test_messages_wait_while_no_function_starts(lambda_stack: Stack):
    """Each role may postpone the messages of its queues. The last test of the stack: its functions stay broken."""
    backstage, functions, logs = Backstage(lambda_stack), lambda_stack.client("lambda"), lambda_stack.client("logs")
    workers = ("chat", "booking", "notifications", "failures")
    for worker in workers:
        variables = functions.get_function_configuration(FunctionName=f"stride-{worker}")["Environment"]["Variables"]
        del variables["PROCESSED_TABLE"]
        functions.update_function_configuration(FunctionName=f"stride-{worker}", Environment={"Variables": variables})
    for queue in ("chat", "booking", "notifications", "chat_dlq"):
        backstage.send(queue, f"no json {uuid.uuid4().hex}", group="waiting")

    def read_log(worker: str) -> str:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/stride-{worker}")["events"]
        return "\n".join(event["message"] for event in events)

    for worker in workers:
        await backstage.until(lambda worker=worker: '"records_postponed"' in read_log(worker))
        assert '"records_not_postponed"' not in read_log(worker)
