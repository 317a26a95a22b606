"""Ten thousand dead bookings of five kinds at one desk: found, shown, mended, replayed and put aside, counts exact."""

import asyncio
import json
import time
import uuid
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ops.desk.adapters.sqs_replays import SqsReplayQueues
from ops.desk.desk import Desk
from ops.desk.domain.values import Discarded, Edited, NotPossible, Replayed
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.clock import SystemClock
from shared.ledger.failures import FailureFilter, FailureState
from tests.contracts.stores.test_desk import read_dead_letters
from tests.fakes.desk import ANNA, FakeContacts, FakeForecaster, failed_booking

KINDS = ("calendar_access_revoked", "attempts_exhausted", "timeout", "quarantined", "not_json")
EACH, GROUPS = 2_000, 100
REPLAYED, PER_SECOND = 500, 50


@contextmanager
def timed(what):
    """Print how long something took; how long it may take depends on the machine, and is nobody's to assert."""
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:7.2f} s  {what}")


@pytest.fixture
async def opened(emulator, clients, dynamodb):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}
    name = f"desk-{uuid.uuid4().hex[:8]}.fifo"
    url = emulator.client("sqs").create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    clock = SystemClock()
    ledger = DynamoFailureLedger(client=dynamodb, table="FailuresTable", cipher=PayloadCipher(["k" * 64]), clock=clock)
    replays = SqsReplayQueues(client=await clients.open_client("sqs"), urls={"booking": url})
    return (
        ledger,
        Desk(ledger=ledger, replays=replays, forecaster=FakeForecaster(), contacts=FakeContacts(), clock=clock),
        url,
    )


async def filled(ledger, mark):
    """Enter every failure; return their ids by kind, in the order in which they were asked for."""
    began, positions = datetime.now(UTC) - timedelta(hours=5), asyncio.Semaphore(32)
    ids = defaultdict(list)

    async def enter(kind, number):
        at = began + timedelta(seconds=KINDS.index(kind) * EACH + number)
        failure = failed_booking(
            f"{mark}-{kind}-{number}", session=f"{mark}-{number % GROUPS}", tenant=mark, reason=kind
        )
        payload = json.dumps({**json.loads(failure.payload), "accepted_at": at.isoformat()})
        if kind == "not_json":
            payload = f"no JSON {number}"
        ids[kind].append(failure.failure_id)
        async with positions:
            await ledger.record(replace(failure, first_at=at, last_at=at, payload=payload))

    await asyncio.gather(*(enter(kind, number) for kind in KINDS for number in range(EACH)))
    return ids


@pytest.mark.soak
async def test_ten_thousand_dead_bookings(emulator, opened):
    """One is found in two seconds, 500 are replayed at 50 a second, and nothing else is touched by the way."""
    ledger, desk, url = opened
    mark = uuid.uuid4().hex[:12]
    with timed("enter 10 000"):
        ids = await filled(ledger, mark)
    mine = FailureFilter(tenants=[mark])

    with timed("list the latest 50"):
        page = await desk.find_failures(ANNA, mine)
    assert [failure.failure_id for failure in page.failures] == ids["not_json"][:-51:-1]
    with timed("filter by error"):
        found = await desk.find_failures(ANNA, replace(mine, reason="timeout"), limit=100)
    assert {failure.reason for failure in found.failures} == {"timeout"}
    with timed("count all by error and hour"):
        stats = await desk.count_failures(ANNA, mine)
    assert (stats.total, dict(stats.by_reason), stats.is_complete) == (5 * EACH, dict.fromkeys(KINDS, EACH), True)
    assert sum(stats.by_hour.values()) == 5 * EACH

    one = ids["attempts_exhausted"][777]
    with timed("show one of 10 000"):
        case = await desk.show_failure(ANNA, one)
    assert case.failure.failure_id == one
    with timed("find one by a part of its id"):
        found = await desk.find_failures(ANNA, replace(mine, text=one[:20]))
    assert [failure.failure_id for failure in found.failures] == [one]
    data = {"start": "2026-01-14T10:00", "contact": "anna@example.com", "service": "massage"}
    with timed("edit one"):
        assert isinstance(await desk.edit_failure(ANNA, one, data), Edited)
    with timed("replay one"):
        assert isinstance(await desk.replay_failure(ANNA, one), Replayed)
    assert isinstance(await desk.replay_failure(ANNA, one), NotPossible)
    [message] = read_dead_letters(emulator, url)
    assert json.loads(message["Body"])["data"]["contact"] == "anna@example.com"
    with timed("discard one"):
        assert isinstance(await desk.discard_failure(ANNA, ids["timeout"][3], "the visitor called"), Discarded)

    chosen = ids["calendar_access_revoked"][:REPLAYED]
    with timed("replay 500 at 50 a second"):
        began = time.monotonic()
        tally = await desk.replay_failures(ANNA, chosen, per_second=PER_SECOND)
        took = time.monotonic() - began
    assert (tally.replayed, dict(tally.not_possible)) == (REPLAYED, {})
    assert took >= (REPLAYED - 1) / PER_SECOND
    in_order = defaultdict(list)
    messages = read_dead_letters(emulator, url)
    for message in messages:
        in_order[message["Attributes"]["MessageGroupId"]].append(json.loads(message["Body"])["accepted_at"])
    assert (len(messages), len(in_order)) == (REPLAYED, GROUPS)
    assert all(times == sorted(times) for times in in_order.values())

    stats = await desk.count_failures(ANNA, mine)
    waiting = 5 * EACH - REPLAYED - 2
    assert dict(stats.by_state) == {"failed": waiting, "replaying": REPLAYED + 1, "discarded": 1}
    touched = {one, ids["timeout"][3], *chosen}
    entries = Counter()
    for failure_id in touched:
        kept = await ledger.get(failure_id)
        entries.update(entry.action for entry in kept.audit_trail if entry.by == ANNA.name)
        assert kept.state is not FailureState.FAILED
    assert entries == {"edited": 1, "replayed": REPLAYED + 1, "discarded": 1}
    async for failure in desk.iterate_failures(ANNA, replace(mine, states=[FailureState.FAILED]), limit=5 * EACH):
        assert failure.version == 1
        assert failure.failure_id not in touched
