"""A FIFO queue: order within a group, expired receipts, repeated attempts."""

import pytest

from tests.broker.errors import SqsError


def test_a_group_waits_while_any_of_it_is_in_flight(fifo, put, bodies):
    """A receive takes as many of one group as fit, then of the next; the rest waits until those are settled."""
    put(fifo, "a1", "a2", "a3", group="a")
    put(fifo, "b1", group="b")
    first = fifo.take(2, 30)
    assert bodies(first) == ["a1", "a2"]
    assert bodies(fifo.take(10, 30)) == ["b1"]
    fifo.delete(first[0].receipt)
    assert not fifo.take(10, 30)
    fifo.delete(first[1].receipt)
    assert bodies(fifo.take(10, 30)) == ["a3"]


def test_a_released_message_keeps_its_position(fifo, put, bodies):
    """Messages handed back in any order are received in the order of sending."""
    put(fifo, "a1", "a2", "a3", "a4", group="a")
    one, two, three = fifo.take(3, 30)
    for message in (two, one, three):
        fifo.change_visibility(message.receipt, 0)
    assert bodies(fifo.take(10, 30)) == ["a1", "a2", "a3", "a4"]


def test_an_expired_receipt_deletes_nothing(fifo, clock, put):
    """Once its time-out has ended a receipt is refused, received again or not."""
    put(fifo, "a1", group="a")
    (message,) = fifo.take(1, 30)
    receipt = message.receipt
    clock.seconds += 30
    with pytest.raises(SqsError, match="expired"):
        fifo.delete(receipt)
    fifo.take(1, 30)
    with pytest.raises(SqsError, match="expired"):
        fifo.delete(receipt)


def test_the_same_attempt_gets_the_same_messages(fifo, clock, put):
    """A repeated attempt gets the same receipts, is no second receive, and hides the messages anew."""
    put(fifo, "a1", "a2", group="a")
    receipts = [message.receipt for message in fifo.take(10, 30, "attempt")]
    clock.seconds += 20
    again = fifo.take(10, 30, "attempt")
    assert [message.receipt for message in again] == receipts
    assert [message.receives for message in again] == [1, 1]
    clock.seconds += 20
    assert not fifo.take(10, 30, "another")
    for receipt in receipts:
        fifo.delete(receipt)


@pytest.mark.parametrize("meanwhile", ["deleted", "changed", "ended"])
def test_an_attempt_is_forgotten_once_something_happened_to_its_messages(fifo, clock, put, meanwhile):
    """After a delete, a change of visibility or the time-out, the attempt is a receive like any other."""
    put(fifo, "a1", "a2", group="a")
    first, second = fifo.take(10, 30, "attempt")
    receipts = {first.receipt, second.receipt}
    match meanwhile:
        case "deleted":
            fifo.delete(first.receipt)
        case "changed":
            for message in (first, second):
                fifo.change_visibility(message.receipt, 100)
        case "ended":
            clock.seconds += 30
    assert not {message.receipt for message in fifo.take(10, 30, "attempt")} & receipts


def test_an_attempt_is_forgotten_after_five_minutes(fifo, clock, put):
    """Messages that are in flight for longer can't be had again that way."""
    put(fifo, "a1", group="a")
    assert fifo.take(10, 3600, "attempt")
    clock.seconds += 301
    assert not fifo.take(10, 30, "attempt")
