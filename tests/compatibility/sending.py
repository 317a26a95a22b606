"""Sends every kind of message through the real adapters to a client that only records what it is given."""

import json
from datetime import UTC, datetime

from api_gateway_ws.adapters.command_publisher import SqsCommandPublisher
from ops.desk.adapters.sqs_replays import SqsReplayQueues
from shared.aws.sqs import SqsInternalCommandQueue, SqsNoticeQueue, SqsQueue
from shared.consumer.delivery import DeadLetterCopy, Delivery
from shared.ledger.failures import Failure
from shared.messages.commands import QUEUED_COMMAND, InternalCommand
from shared.messages.notices import NOTICE
from workers.booking.adapters.scheduler import EventBridgeSchedules

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
URLS = {"chat": "chat.fifo", "booking": "booking.fifo", "notifications": "notifications"}


class RecordingClient:
    """Keeps the parameters of the last call; serves blocking and awaiting callers alike."""

    def __init__(self):
        self.sent = None

    def record(self, **parameters):
        self.sent = parameters
        return _Done()

    send_message = create_schedule = record


class _Done(dict):
    def __await__(self):
        yield from ()
        return {}


def message_of(body):
    """Return the command or notice that a body says."""
    adapter = NOTICE if json.loads(body)["type"].startswith("notice.") else QUEUED_COMMAND
    return adapter.validate_json(body)


async def sent(message):
    """Return the parameters with which a message goes on its queue."""
    client = RecordingClient()
    if message.type.startswith("notice."):
        await SqsNoticeQueue(calls=client, url="notifications").put(message)
    elif isinstance(message, InternalCommand):
        await SqsInternalCommandQueue(calls=client, url="booking.fifo").put(message, group=message.session_id)
    else:
        SqsCommandPublisher(client=client, chat_url="chat.fifo", booking_url="booking.fifo").publish(message)
    return client.sent


async def scheduled(command):
    """Return the parameters of the schedule that is to queue a command later."""
    client = RecordingClient()
    schedules = EventBridgeSchedules(client=client, group="reminders", queue_arn="arn:queue", role_arn="arn:role")
    await schedules.put(command.id, NOON, command, group=command.session_id)
    return client.sent


async def dead_letter(body, *, fifo, trace=TRACE):
    """Return the parameters of the copy of a message that failed."""
    client = RecordingClient()
    ending = ".fifo" if fifo else ""
    queue = SqsQueue(polls=client, calls=client, url=f"/stride-booking{ending}", dead_letter_url=f"/dlq{ending}")
    delivery = Delivery("message-1", "receipt", body, group="kept-visitor", receive_count=3, trace=trace)
    copy = DeadLetterCopy(
        delivery=delivery,
        deduplication_id="kept#r1#3",
        reason="calendar_access_revoked",
        error="PermanentError: jan@example.com",
        attempts=2,
    )
    await queue.put_dead_letter(copy)
    return client.sent


async def replay(queue, body):
    """Return the parameters with which the desk puts a failure on its queue again."""
    client = RecordingClient()
    content = json.loads(body)
    failure = Failure(
        failure_id="kept-failure",
        queue=queue,
        group=None,
        payload=body,
        reason="bug",
        error="",
        attempts=5,
        first_at=NOON,
        last_at=NOON,
        tenant=content["tenant"],
        session_id=content["session_id"],
        command_id=content["id"],
        trace=TRACE,
        replays=2,
    )
    await SqsReplayQueues(client=client, urls=URLS).send_replay(failure)
    return client.sent
