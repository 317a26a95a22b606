"""Order within a group, and what happens behind a message that is not done."""

from datetime import timedelta

import pytest

from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Abandon, Ack, DeadLetter, RetryIn
from shared.consumer.group_order import group_batches, process_in_order

LATER = RetryIn(timedelta(seconds=1))
DEAD = DeadLetter("bug", "", attempts=1)


def delivery(name, group=None):
    return Delivery(message_id=name, receipt=f"receipt of {name}", body=name, group=group)


class Recorder:
    """Carries a line through and keeps what happened, in order."""

    def __init__(self, dispositions=()):
        self.dispositions = dict(dispositions)
        self.happened = []

    async def process(self, one):
        self.happened.append(f"process {one.body}")
        return self.dispositions.get(one.body, Ack())

    async def settle(self, one, disposition):
        self.happened.append(f"settle {one.body} {type(disposition).__name__}")

    async def hand_back(self, some):
        self.happened.append(f"back {' '.join(one.body for one in some)}")

    async def process_batch(self, batch, stopping=lambda: False):
        await process_in_order(
            batch,
            process=self.process,
            settle=self.settle,
            hand_back=self.hand_back,
            stopping=stopping,
        )
        return self.happened


def test_a_group_is_one_line_in_its_order():
    """Deliveries of one group stay in the order in which they came; groups do not mix."""
    found = group_batches([delivery("a1", "a"), delivery("b1", "b"), delivery("a2", "a")], in_order=True)
    assert [[one.body for one in batch] for batch in found] == [["a1", "a2"], ["b1"]]


def test_on_a_standard_queue_nobody_waits():
    """Every message is a line of its own there, also those of one fair group."""
    found = group_batches([delivery("m1"), delivery("m2"), delivery("a1", "a"), delivery("a2", "a")], in_order=False)
    assert [len(batch) for batch in found] == [1, 1, 1, 1]


async def test_each_message_is_settled_before_the_next_starts():
    """A successor sees what its predecessor did, and that it is off the queue."""
    happened = await Recorder({"a2": DEAD}).process_batch([delivery("a1"), delivery("a2"), delivery("a3")])
    assert happened == [
        "process a1",
        "settle a1 Ack",
        "process a2",
        "settle a2 DeadLetter",
        "process a3",
        "settle a3 Ack",
    ]


@pytest.mark.parametrize("disposition", [LATER, Abandon()])
async def test_behind_a_message_that_is_not_done_nobody_overtakes(disposition):
    """The successors are handed back together."""
    batch = [delivery(name) for name in ("a1", "a2", "a3", "a4")]
    happened = await Recorder({"a2": disposition}).process_batch(batch)
    assert happened[2:] == ["process a2", f"settle a2 {type(disposition).__name__}", "back a3 a4"]


async def test_a_stop_lets_the_running_message_finish():
    """After a stop was asked for, what runs is settled and what waits is handed back."""
    happened = await Recorder().process_batch([delivery("a1"), delivery("a2"), delivery("a3")], stopping=lambda: True)
    assert happened == ["process a1", "settle a1 Ack", "back a2 a3"]
