"""The desk on the emulator: what is replayed stands on its queue, in its group, and everything else where it was."""

import json
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ops.desk.adapters.sqs_replays import SqsReplayQueues
from ops.desk.desk import Desk
from ops.desk.domain.values import ForecastKind, NotPossibleReason
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.clock import SystemClock
from shared.errors import PermanentError
from shared.ledger.audit_details import ReplayNumber
from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from shared.ledger.rules import OPEN
from tests.contracts.stores.conftest import CIPHER
from tests.fakes.desk import ANNA, FakeContacts, FakeForecaster, failed_booking

COUNT, GROUPS = 60, 5
"""`make soak` replays five hundred of ten thousand."""


@pytest.fixture
def queues(emulator):
    sqs, mark = emulator.client("sqs"), uuid.uuid4().hex[:8]
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}
    return {
        "booking": sqs.create_queue(QueueName=f"desk-{mark}.fifo", Attributes=fifo)["QueueUrl"],
        "notifications": sqs.create_queue(QueueName=f"desk-{mark}")["QueueUrl"],
    }


@pytest.fixture
def ledger(dynamodb):
    return DynamoFailureLedger(client=dynamodb, table="FailuresTable", cipher=CIPHER, clock=SystemClock())


@pytest.fixture
def replays(sqs, queues):
    return SqsReplayQueues(client=sqs, urls=queues)


@pytest.fixture
def desk(ledger, replays):
    return Desk(
        ledger=ledger, replays=replays, forecaster=FakeForecaster(), contacts=FakeContacts(), clock=SystemClock()
    )


def read_dead_letters(emulator, url):
    """Return every message of a queue, in the order in which they came."""
    sqs, found = emulator.client("sqs"), []
    while batch := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], WaitTimeSeconds=0
    ).get("Messages"):
        found += batch
        entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(batch)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return found


async def many_failed(ledger, number, *, reason, first=0):
    """Enter failures whose commands were accepted one second after the other, the last one first."""
    began = datetime.now(UTC) - timedelta(hours=1)
    made = []
    for n in reversed(range(first, first + number)):
        failure = failed_booking(f"{reason}-{n}", session=f"visitor-{n % GROUPS}", reason=reason)
        accepted = (began + timedelta(seconds=n)).isoformat()
        payload = json.dumps({**json.loads(failure.payload), "accepted_at": accepted})
        made.append(await ledger.record(replace(failure, first_at=began, last_at=began, payload=payload)))
    return made


async def test_many_are_replayed_and_the_others_stay(emulator, ledger, desk, queues):
    """Counts are exact, a dry run moves nothing, each group is in order, and each message has its number."""
    reason = f"bug-{uuid.uuid4().hex[:6]}"
    await many_failed(ledger, COUNT, reason=reason)
    others = await many_failed(ledger, 10, reason=f"other-{reason}")
    wanted = FailureFilter(reason=reason)

    tally = await desk.replay_failures(ANNA, wanted, per_second=10_000, dry_run=True)
    assert dict(tally.forecasts) == {ForecastKind.FREE: COUNT}
    assert read_dead_letters(emulator, queues["booking"]) == []

    began = time.monotonic()
    tally = await desk.replay_failures(ANNA, wanted, per_second=200)
    assert time.monotonic() - began >= (COUNT - 1) / 200
    assert (tally.replayed, dict(tally.not_possible)) == (COUNT, {})
    messages = read_dead_letters(emulator, queues["booking"])
    assert len(messages) == COUNT
    by_group = defaultdict(list)
    for message in messages:
        body = json.loads(message["Body"])
        assert body["replay"] == 1
        assert message["Attributes"]["MessageDeduplicationId"] == f"{body['id']}#r1"
        by_group[message["Attributes"]["MessageGroupId"]].append(body["accepted_at"])
    assert Counter(len(times) for times in by_group.values()) == {COUNT // GROUPS: GROUPS}
    assert all(times == sorted(times) for times in by_group.values())
    assert {(await ledger.get(one.failure_id)).version for one in others} == {1}

    again = await desk.replay_failures(ANNA, wanted, per_second=10_000)
    assert (again.replayed, read_dead_letters(emulator, queues["booking"])) == (0, [])


async def test_a_repeat_is_swallowed_by_the_queue(emulator, ledger, queues, replays):
    """A put whose answer got lost is put again without harm."""
    [failure] = await many_failed(ledger, 1, reason=f"bug-{uuid.uuid4().hex[:6]}")
    replay = replace(failure, replays=1)
    await replays.send_replay(replay)
    await replays.send_replay(replay)
    await replays.send_replay(replace(failure, replays=2))
    messages = read_dead_letters(emulator, queues["booking"])
    assert [json.loads(message["Body"])["replay"] for message in messages] == [1, 2]


async def test_a_notice_goes_to_the_group_of_its_business(emulator, queues, replays):
    """A standard queue's groups are fair shares, one for each business."""
    failure = failed_booking(uuid.uuid4().hex, queue="notifications", group=None)
    await replays.send_replay(replace(failure, replays=1))
    [message] = read_dead_letters(emulator, queues["notifications"])
    assert message["Attributes"].get("MessageGroupId", "salon") == "salon"


async def test_a_queue_that_is_gone_leaves_the_failure_as_it_was(emulator, ledger, queues, replays, desk):
    """The desk reports it, and only the audit trail of the ledger has changed."""
    [failure] = await many_failed(ledger, 1, reason=f"bug-{uuid.uuid4().hex[:6]}")
    emulator.client("sqs").delete_queue(QueueUrl=queues["booking"])
    outcome = await desk.replay_failure(ANNA, failure.failure_id)
    assert outcome.why is NotPossibleReason.NOT_SENT
    kept = await ledger.get(failure.failure_id)
    assert (kept.state, kept.audit_trail[-1].action) == (FailureState.FAILED, "failed")
    with pytest.raises(PermanentError, match="there is no queue"):
        await replays.send_replay(failed_booking(queue="elsewhere"))


async def test_a_replay_that_never_came_back_waits(desk, ledger):
    """The indexes have no audit trails: the list and the count of open failures read only them."""
    tenant, now = f"lost-{uuid.uuid4().hex[:8]}", datetime.now(UTC)
    ids = []
    for minutes in (11, 1):
        audit_trail = (AuditEntry(now - timedelta(minutes=minutes), "anna", "replayed", ReplayNumber(1)),)
        failure = failed_booking(
            uuid.uuid4().hex, tenant=tenant, state=FailureState.REPLAYING, replays=1, audit_trail=audit_trail
        )
        ids.append((await ledger.record(failure)).failure_id)
    waiting = FailureFilter(tenants=[tenant], states=OPEN)
    page = await desk.find_failures(ANNA, waiting, limit=1)
    found = [failure.failure_id for failure in page.failures]
    while page.after:  # Whichever of the two comes first: a page that is full says that there may be more.
        page = await desk.find_failures(ANNA, waiting, limit=1, after=page.after)
        found += [failure.failure_id for failure in page.failures]
    assert found == ids[:1]
    assert dict((await desk.count_failures(ANNA, waiting)).by_state) == {"replaying": 1}
