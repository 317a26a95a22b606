"""A standard queue: receives, time-outs, receipts and the dead-letter queue."""

import json

import pytest

from tests.broker.errors import SqsError


def test_a_received_message_is_hidden_until_its_timeout_ends(standard, clock, put, bodies):
    """A received message comes again after its visibility time-out, under another receipt, counted."""
    put(standard, "a", "b")
    first = standard.take(10, 30)
    assert bodies(first) == ["a", "b"]
    receipts = [message.receipt for message in first]
    assert not standard.take(10, 30)
    clock.seconds += 30
    again = standard.take(10, 30)
    assert bodies(again) == ["a", "b"]
    assert [message.receives for message in again] == [2, 2]
    assert not set(receipts) & {message.receipt for message in again}


def test_deletes(standard, clock, counts, put):
    """A receipt deletes in flight and after its time-out; a replaced one does nothing; a second delete is no error."""
    put(standard, "in flight", "timed out", "replaced")
    in_flight, timed_out, replaced = (standard.take(1, seconds)[0] for seconds in (60, 30, 30))
    old_receipt = replaced.receipt
    clock.seconds += 31
    standard.delete(in_flight.receipt)
    standard.delete(timed_out.receipt)
    standard.delete(timed_out.receipt)
    assert standard.take(10, 30) == [replaced]
    standard.delete(old_receipt)
    assert (standard.visible, standard.in_flight) == (0, 1)
    assert (counts.deleted, counts.deleted_again, counts.deleted_stale) == (2, 1, 1)


@pytest.mark.parametrize("receipt", ["", "nonsense", "other:1:1", "jobs:x:1"])
def test_a_receipt_that_was_never_given_is_refused(standard, receipt):
    """A receipt of another queue or of nobody is invalid."""
    with pytest.raises(SqsError, match="ReceiptHandleIsInvalid"):
        standard.delete(receipt)


def test_change_of_visibility(standard, clock, put):
    """The time-out is moved away and to the present; without one there is nothing to change."""
    put(standard, "a")
    message = standard.take(1, 30)[0]
    standard.change_visibility(message.receipt, 60)
    clock.seconds += 45
    assert not standard.take(1, 30)
    standard.change_visibility(message.receipt, 0)
    with pytest.raises(SqsError, match="MessageNotInflight"):
        standard.change_visibility(message.receipt, 10)
    assert standard.take(1, 30) == [message]
    standard.delete(message.receipt)
    with pytest.raises(SqsError, match="InvalidParameterValue"):
        standard.change_visibility(message.receipt, 10)


def test_a_delayed_message_is_there_after_its_delay(standard, clock, put):
    """A delay is no receive."""
    put(standard, "a", delay_seconds=5)
    assert (standard.visible, standard.delayed, standard.in_flight) == (0, 1, 0)
    clock.seconds += 5
    assert [message.receives for message in standard.take(1, 30)] == [1]
    assert (standard.delayed, standard.in_flight) == (0, 1)


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(queues, clock, counts, put, bodies):
    """After maxReceiveCount receives the next one finds the message moved, with its id and where it came from."""
    dead = queues.create("dead", {})
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2})
    queue = queues.create("jobs", {"RedrivePolicy": policy})
    put(queue, "bad")
    message_id = ""
    for _ in range(2):
        message_id = queue.take(10, 30)[0].message_id
        clock.seconds += 30
    put(queue, "good")
    assert bodies(queue.take(10, 30)) == ["good"]
    (moved,) = dead.take(10, 30)
    assert (moved.message_id, moved.source_arn, moved.receives) == (message_id, queue.arn, 1)
    assert (counts.redriven, queue.in_flight, queue.visible) == (1, 1, 0)


def test_settled_messages_leave_nothing_behind(standard, clock, put):
    """What was deleted is kept nowhere, so that a long run does not fill the memory."""
    put(standard, *map(str, range(100)))
    while messages := standard.take(10, 30):
        for message in messages:
            standard.delete(message.receipt)
    clock.seconds += 60
    assert not standard.take(1, 30)
    assert (standard._received, len(standard._order), standard.in_flight) == ({}, 0, 0)
    assert not any(standard._hidden._buckets.values())
