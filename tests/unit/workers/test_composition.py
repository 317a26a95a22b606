"""Each worker is built from its description with fakes, and every type of message goes through it both ways."""

import ast
import asyncio
import dataclasses
import inspect
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
import structlog

from shared.consumer.queue_description import MessageQueue
from shared.consumer.stop import Stop
from shared.messages.commands import ChatSend, HandoverRequest, InternalBookingCommand, VisitorBookingCommand
from shared.messages.notices import AnyNotice
from shared.settings import PoolSettings
from tests.unit.workers.compositions import WORKERS, Composition
from tests.unit.workers.queued_messages import COMMANDS, NOTICES, build_messages, queue_url

ROOT = Path(__file__).parents[3] / "workers"
DESCRIBED = {
    "chat": [("chat_queue_url", "chat_dlq_url", 3)],
    "booking": [("booking_queue_url", "booking_dlq_url", 5)],
    "notifications": [
        ("notifications_queue_url", "notifications_dlq_url", 10),
        ("codes_queue_url", "notifications_dlq_url", 10),
        ("feedback_queue_url", "notifications_dlq_url", 50),
    ],
    "failures": [(f"{name}_dlq_url", None, 2**31) for name in ("chat", "booking", "notifications")],
}

QUERIES = ("booking.slots", "booking.lookup", "booking.query")


@pytest.fixture(autouse=True)
def logs():
    """Keep log lines from being laid out for a terminal; return them."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def composition():
    return Composition()


def send(composition, name, *, replay=0):
    """Put a real message of every type on its queue; return how many there are."""
    messages = build_messages(name, replay=replay)
    for number, (url, body) in enumerate(messages):
        queue = composition.connector.queues[url]
        queue.send(body, group=f"g{number}" if queue.is_fifo else None)
    return len(messages)


def left(composition):
    return [body for queue in composition.connector.queues.values() for body in queue.bodies()]


def dispositions(logs):
    return Counter(line["disposition"] for line in logs if line["event"] == "delivery_finished")


async def run_pool(worker, composition):
    """Let the worker run as a process does, until nothing is left on its queues."""
    stop = Stop()
    running = asyncio.create_task(worker.pool.run(stop))
    async with asyncio.timeout(20):
        while left(composition) and not running.done():
            await asyncio.sleep(0.005)
        stop.request()
        for queue in composition.connector.queues.values():
            queue.end_polls()
        await running


async def run_lambda(worker, composition):
    """Hand the worker each queue's messages as its event-source mapping does, and delete what succeeded."""
    for leases in worker.leases:
        await leases.start()
    try:
        for queue in composition.connector.queues.values():
            while deliveries := await queue.receive(max_messages=10, wait_seconds=0, visibility_seconds=30):
                answer = await worker.batch.run({"Records": [record(queue, one) for one in deliveries]})
                failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
                if done := [one for one in deliveries if one.message_id not in failed]:
                    await queue.delete(done)
    finally:
        for leases in worker.leases:
            await leases.stop()


def record(queue, delivery):
    attributes = {"ApproximateReceiveCount": str(delivery.receive_count)}
    return {
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt,
        "body": delivery.body,
        "attributes": attributes | ({"MessageGroupId": delivery.group} if delivery.group else {}),
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:000000000000:{queue.name}",
    }


def test_every_worker_is_composed_here():
    """A folder with a wiring is a worker: a new one has to be built with fakes too."""
    assert {path.parent.name for path in ROOT.glob("*/wiring.py")} == set(WORKERS) == set(DESCRIBED)


@pytest.mark.parametrize("run", [run_pool, run_lambda], ids=["pool", "lambda"])
@pytest.mark.parametrize("name", WORKERS)
async def test_every_type_of_message_is_done_both_ways(composition, logs, name, run):
    """As a pool and behind an event-source mapping: nothing is retried, given up or left behind."""
    worker = await composition.build(name)
    count = send(composition, name)
    await run(worker, composition)
    assert dispositions(logs) == {"Ack": count}
    assert left(composition) == []
    assert [queue.dead_letters for queue in composition.connector.queues.values() if queue.dead_letters] == []


def test_no_type_of_message_is_left_out():
    """A new type has to be added here, and so is proved to reach its handler."""
    commands = (ChatSend, HandoverRequest, *get_args(VisitorBookingCommand), *get_args(InternalBookingCommand))
    notices = get_args(get_args(AnyNotice)[0])
    assert set(COMMANDS) == {kind.model_fields["type"].default for kind in commands}
    assert set(NOTICES) == {kind.model_fields["type"].default for kind in notices}


@pytest.mark.parametrize("name", ["chat", "booking", "notifications"])
async def test_the_end_of_every_replay_is_noted(composition, name):
    """A description without the place for it would leave the desk waiting for ever."""
    worker = await composition.build(name)
    count = send(composition, name, replay=1)
    await run_pool(worker, composition)
    assert len(composition.outcomes.ended) == count
    assert {replay for _, replay in composition.outcomes.ended} == {1}


async def test_every_dead_letter_but_those_of_queries_is_in_the_ledger(composition):
    """Whichever of the queues it came from."""
    worker = await composition.build("failures")
    send(composition, "failures")
    await run_pool(worker, composition)
    found = Counter(failure.queue for failure in composition.failures.rows.values())
    assert found == {"chat": 2, "booking": len(COMMANDS) - 2 - len(QUERIES), "notifications": len(NOTICES)}


async def test_an_address_that_bounced_is_noted(composition):
    """The second queue of notifications has a handler of its own."""
    worker = await composition.build("notifications")
    send(composition, "notifications")
    await run_pool(worker, composition)
    suppression = await composition.suppressions.find("gone@example.com", at=composition.clock.now())
    assert suppression is not None
    assert suppression.reason == "bounced"


@pytest.mark.parametrize("name", WORKERS)
def test_each_queue_is_described_with_its_dead_letters_and_attempts(composition, name):
    """A wrong dead-letter queue would be noticed only when something has failed."""
    found = [(one.url, one.dead_letter_url, one.max_attempts) for one in composition.describe(name)]
    assert found == [
        (queue_url(setting), queue_url(dead) if dead else None, attempts) for setting, dead, attempts in DESCRIBED[name]
    ]


@pytest.mark.parametrize("name", ["chat", "booking", "notifications"])
async def test_a_message_that_cannot_be_read_goes_to_the_dead_letters(composition, logs, name):
    """Also of the queue that comes second."""
    worker = await composition.build(name)
    for queue in composition.connector.queues.values():
        queue.send("no json", group="g" if queue.is_fifo else None)
    await run_pool(worker, composition)
    queues = list(composition.connector.queues.values())
    assert [[copy.reason for copy in queue.dead_letters] for queue in queues] == [["not_json"]] * len(queues)
    assert dispositions(logs) == {"DeadLetter": len(queues)}


@pytest.mark.parametrize("name", WORKERS)
async def test_one_health_check_speaks_for_all_queues(logs, name):
    """However many there are: whoever restarts the process asks one address."""
    composition = Composition(PoolSettings(wait_seconds=1, health_port=0))
    worker = await composition.build(name)
    await run_pool(worker, composition)
    started = [line for line in logs if line["event"] == "pool_started"]
    assert len(started) == len(worker.leases) == len(DESCRIBED[name])
    [url] = {line["health_url"] for line in started}
    assert url.startswith("http://127.0.0.1:")


def test_a_description_has_no_defaults():
    """What is forgotten is an error of the type checker, and not a queue that works differently."""
    assert all(field.default is dataclasses.MISSING for field in dataclasses.fields(MessageQueue))


@pytest.mark.parametrize("shell", ["__main__", "lambda_function"])
def test_the_shells_of_the_workers_are_equal(shell):
    """But for the name and the sentence that says what it is."""
    found = set()
    for name in WORKERS:
        module = ast.parse((ROOT / name / f"{shell}.py").read_text(encoding="utf-8"))
        code = ast.unparse(module.body[1:]).replace(f"workers.{name}.", "workers.NAME.")
        found.add(code.replace(f"component='{name}'", "component=NAME"))
    assert len(found) == 1


@pytest.mark.parametrize("name", WORKERS)
def test_the_wirings_read_alike(name):
    """Learn one, know three: the same functions in the same order, with the same names for what they take."""
    wiring = import_module(f"workers.{name}.wiring")
    source = ast.parse(inspect.getsource(wiring))
    functions = [one.name for one in source.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert functions[:3] == ["open_worker", "open_ports", "describe_queues"]
    positional, keywords = parameters(wiring.describe_queues)
    assert positional == ["settings", "pool_settings"]
    assert keywords == [one for one in ("ports", "replies", "claims", "outcomes") if one in keywords]
    _, keywords = parameters(wiring.open_ports)
    assert keywords == [one for one in ("stores", "circuits", "clock", "metrics") if one in keywords]


@pytest.mark.parametrize("name", WORKERS)
def test_the_workers_have_the_same_files(name):
    """Each is a module, or a folder where there is more to it."""
    folder = ROOT / name
    found = {one.stem for one in folder.iterdir()}
    assert {"__main__", "lambda_function", "wiring", "settings", "handler", "domain"} <= found
    assert "dependencies" in found | {one.stem for one in (folder / "handler").glob("*.py")}


def parameters(function):
    """Return the names of what a function takes by position, and by keyword."""
    found = inspect.signature(function).parameters.values()
    by_keyword = [one.name for one in found if one.kind is inspect.Parameter.KEYWORD_ONLY]
    return [one.name for one in found if one.name not in by_keyword], by_keyword
