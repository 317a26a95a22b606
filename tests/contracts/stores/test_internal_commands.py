"""Internal commands: put on the queue now, or by a schedule later."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.aws.sqs import SqsInternalCommandQueue
from shared.errors import DeploymentError, PermanentError
from shared.ids import new_id
from shared.messages.commands import BOOKING_COMMAND, BookingRemind, BookingRemindData
from shared.trace import Trace, use_trace
from tests.contracts.stores.template import create_queue
from tests.fakes.internal_commands import FakeCommands, FakeSchedules
from workers.booking.adapters.scheduler import EventBridgeSchedules

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
TRACE = Trace("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", sampled=True)
FAR = datetime(2999, 1, 1, 12, 30, 15, tzinfo=UTC)
ROLE = "arn:aws:iam::000000000000:role/reminders"


def remind(command_id=None, **changes):
    command = BookingRemind(
        id=command_id or new_id(),
        tenant="salon",
        session_id="session",
        accepted_at=NOON,
        locale="pl",
        data=BookingRemindData(appointment_id="0123456789", start=NOON, hours_before=2),
    )
    return command.model_copy(update=changes)


class OnSqs:
    def __init__(self, emulator, sqs):
        self._client = emulator.client("sqs")
        self.url = create_queue(self._client, "BookingQueue", name=new_id())
        self.queue = SqsInternalCommandQueue(calls=sqs, url=self.url)

    def arn(self):
        answer = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def messages(self):
        found = []
        names = ["MessageGroupId", "AWSTraceHeader", "MessageDeduplicationId"]
        while messages := self._client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=names
        ).get("Messages"):
            for message in messages:
                self._client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            found += messages
        return found

    def delivered(self):
        return [BOOKING_COMMAND.validate_json(message["Body"]) for message in self.messages()]


class InMemory:
    def __init__(self):
        self.queue = FakeCommands()

    def delivered(self):
        return self.queue.drain()


@pytest.fixture
async def on_sqs(emulator, sqs):
    return OnSqs(emulator, sqs)


@pytest.fixture(params=["memory", "sqs"])
def side(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("on_sqs")


async def test_a_command_arrives_unchanged(side):
    """In order within its group."""
    commands = [remind() for _ in range(3)]
    for command in commands:
        await side.queue.put(command, group="session")
    assert side.delivered() == commands


async def test_a_command_that_is_queued_twice_arrives_once(side):
    """A replay of it is another message."""
    command = remind()
    replay = command.model_copy(update={"replay": 1})
    for one in (command, command, replay):
        await side.queue.put(one, group="session")
    assert side.delivered() == [command, replay]


async def test_a_command_waits_in_its_group(on_sqs):
    """Under its own key, with the trace of the message that caused it."""
    command = remind(replay=2)
    with use_trace(TRACE):
        await on_sqs.queue.put(command, group="visitor")
    [message] = on_sqs.messages()
    attributes = message["Attributes"]
    assert attributes["MessageGroupId"] == "visitor"
    assert attributes["MessageDeduplicationId"] == f"{command.id}#r2"
    assert Trace.parse(attributes["AWSTraceHeader"]).root == TRACE.root


async def test_a_missing_queue_is_a_permanent_error(sqs):
    """No retry solves it, but an operator can."""
    queue = SqsInternalCommandQueue(calls=sqs, url="http://127.0.0.1/000000000000/nowhere.fifo")
    with pytest.raises(DeploymentError):
        await queue.put(remind(), group="session")


class AtScheduler:
    """One schedule group of the emulator, whose schedules send to their own queue."""

    def __init__(self, emulator, client, on_sqs):
        self._client = emulator.client("scheduler")
        self.group = new_id()
        self._client.create_schedule_group(Name=self.group)
        self.on_sqs = on_sqs
        self.schedules = EventBridgeSchedules(client=client, group=self.group, queue_arn=on_sqs.arn(), role_arn=ROLE)

    def planned(self):
        names = [one["Name"] for one in self._client.list_schedules(GroupName=self.group)["Schedules"]]
        return {name: self._planned(name) for name in names if self._is_ours(name)}

    def found(self, name):
        return self._client.get_schedule(Name=name, GroupName=self.group)

    def _is_ours(self, name):
        try:
            self.found(name)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def _planned(self, name):
        found = self.found(name)
        at = datetime.fromisoformat(found["ScheduleExpression"][3:-1]).replace(tzinfo=UTC)
        target = found["Target"]
        return at, target["SqsParameters"]["MessageGroupId"], BOOKING_COMMAND.validate_json(target["Input"])


class PlannedInMemory:
    def __init__(self):
        self.schedules = FakeSchedules()

    def planned(self):
        return {name: (one.at, one.group, one.command) for name, one in self.schedules.planned.items()}


@pytest.fixture
async def at_scheduler(emulator, clients, on_sqs):
    return AtScheduler(emulator, await clients.open_client("scheduler"), on_sqs)


@pytest.fixture(params=["memory", "scheduler"])
def planner(request):
    return PlannedInMemory() if request.param == "memory" else request.getfixturevalue("at_scheduler")


async def test_a_command_is_planned(planner):
    """For an instant, in a group, in whole seconds, whatever zone it is given in."""
    command = remind()
    at = FAR.astimezone(UTC) + timedelta(milliseconds=700)
    await planner.schedules.put("name", at, command, group="session")
    assert planner.planned() == {"name": (FAR, "session", command)}


async def test_a_command_that_is_scheduled_twice_is_scheduled_once(planner):
    """The first one stays as it is."""
    command = remind()
    await planner.schedules.put("name", FAR, command, group="session")
    await planner.schedules.put("name", FAR + timedelta(days=1), remind(), group="another")
    assert planner.planned() == {"name": (FAR, "session", command)}


async def test_a_schedule_is_deleted(planner):
    """The others stay; a missing one is no error."""
    command = remind()
    await planner.schedules.put("stays", FAR, command, group="session")
    await planner.schedules.put("goes", FAR, remind(), group="session")
    for _ in range(2):
        await planner.schedules.remove("goes")
    await planner.schedules.remove("never-was")
    assert set(planner.planned()) == {"stays"}


async def test_a_schedule_is_exact_and_deletes_itself(at_scheduler):
    """It has no flexible window, is deleted after it has run, and uses a role that may only send to the queue."""
    await at_scheduler.schedules.put("name", FAR, remind(), group="session")
    found = at_scheduler.found("name")
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert found["ActionAfterCompletion"] == "DELETE"
    assert found["Target"]["RoleArn"] == ROLE
    assert json.loads(found["Target"]["Input"])["type"] == "booking.remind"


async def test_a_missing_group_is_a_permanent_error(clients, on_sqs):
    """Scheduling raises it; deleting finds nothing, which is enough."""
    schedules = EventBridgeSchedules(
        client=await clients.open_client("scheduler"), group="nowhere", queue_arn=on_sqs.arn(), role_arn=ROLE
    )
    with pytest.raises(DeploymentError):
        await schedules.put("name", FAR, remind(), group="session")
    await schedules.remove("name")


async def test_an_invalid_schedule_is_a_permanent_error(at_scheduler):
    """The service never accepts an invalid name."""
    with pytest.raises(PermanentError):
        await at_scheduler.schedules.put("no name " * 20, FAR, remind(), group="session")


async def test_a_scheduled_command_arrives_when_it_is_due(at_scheduler):
    """It arrives once, on the queue and in its group; the schedule is gone."""
    soon, later = remind(), remind()
    await at_scheduler.schedules.put("soon", NOON, soon, group="session")
    await at_scheduler.schedules.put("later", FAR, later, group="session")
    for _ in range(240):  # The emulator checks every ten seconds.
        if found := at_scheduler.on_sqs.messages():
            break
        await asyncio.sleep(0.25)
    [message] = found
    assert BOOKING_COMMAND.validate_json(message["Body"]) == soon
    assert message["Attributes"]["MessageGroupId"] == "session"
    assert set(at_scheduler.planned()) == {"later"}
