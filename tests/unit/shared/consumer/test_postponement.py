"""Pauses of records whose worker could not be started."""

from datetime import timedelta

import pytest

from shared.consumer.delivery import VisibilityChange
from shared.consumer.postponement import pause_seconds, plan_postponements
from tests.fakes.clock import FakeClock
from tests.fakes.memory_queue import MemoryQueue
from tests.infra.template import load, of_type


def record(message_id, *, receives=1, group=None, queue="chat.fifo"):
    attributes = {"ApproximateReceiveCount": str(receives)} | ({"MessageGroupId": group} if group else {})
    arn = f"arn:aws:sqs:eu-central-1:123456789012:{queue}"
    return {
        "messageId": message_id,
        "receiptHandle": f"r{message_id}",
        "body": "",
        "attributes": attributes,
        "eventSourceARN": arn,
    }


def planned(*records):
    return [(one.record["messageId"], one.seconds) for one in plan_postponements(records)]


def test_the_pause_grows_from_five_seconds_to_five_minutes():
    """A short failure delays a visitor little, and a long one does not use up the receives."""
    assert [pause_seconds(count) for count in (0, 1, 2, 3, 4, 5, 6, 7, 8, 100)] == [
        5, 5, 10, 20, 40, 80, 160, 300, 300, 300,
    ]  # fmt: skip


REDRIVEN = {
    name: each["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    for name, each in of_type(load(), "AWS::SQS::Queue").items()
    if "RedrivePolicy" in each["Properties"]
}


@pytest.mark.parametrize("name", sorted(REDRIVEN))
def test_a_start_that_fails_for_six_hours_dead_letters_nothing(name):
    """SQS moves a message at the receive after the last one that its queue allows; no pause is random."""
    assert sum(pause_seconds(count) for count in range(1, REDRIVEN[name] + 1)) > timedelta(hours=6).total_seconds()


def test_messages_of_a_group_are_hidden_equally_long_and_the_last_first():
    """So none of them is visible before its predecessor."""
    assert planned(
        record("a1", receives=2, group="a"), record("b1", group="b"), record("a2", receives=4, group="a")
    ) == [
        ("a2", 40),
        ("b1", 5),
        ("a1", 40),
    ]


def test_messages_of_a_standard_queue_are_independent():
    """There the group is only for fairness."""
    first = record("n1", receives=3, group="salon", queue="notifications")
    assert planned(first, record("n2", group="salon", queue="notifications")) == [("n2", 5), ("n1", 20)]


async def test_order_in_a_group_holds_through_failed_starts():
    """Whatever an event contained, the messages of a visitor arrive in the order in which they were sent."""
    clock = FakeClock()
    queue = MemoryQueue(name="chat.fifo", clock=clock)
    for number in range(4):
        queue.send(f"m{number}", group="visitor")

    async def receive(max_messages):
        return await queue.receive(max_messages=max_messages, wait_seconds=0, visibility_seconds=720)

    for max_messages in (2, 3, 1, 2):
        event = await receive(max_messages)
        assert [one.body for one in event] == [f"m{n}" for n in range(len(event))]
        by_id = {one.message_id: one for one in event}
        records = [record(one.message_id, receives=one.receive_count, group=one.group) for one in event]
        for each in plan_postponements(records):
            await queue.change_visibility([VisibilityChange(by_id[each.record["messageId"]], each.seconds)])
        clock.advance(timedelta(seconds=4))
        assert await receive(10) == []
        clock.advance(timedelta(minutes=5))
    assert [one.body for one in await receive(10)] == ["m0", "m1", "m2", "m3"]
