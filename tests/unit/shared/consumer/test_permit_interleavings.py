"""Permits in any order of takes, gives and cancellations: never more than there are, none lost, nobody overtaken."""

import asyncio

from hypothesis import example, given
from hypothesis import strategies as st

from shared.consumer.permits import Permits
from tests.fakes.turned_loop import TurnedLoop, run_turned

MAX_FILL_SECONDS = 0.01
"""The longest time in these tests that a waiter waits for all of its permits."""


class GrantFuture(asyncio.Future):
    """A future that records its task when its result is set, which is before the task runs again."""

    def __init__(self, *, loop, completed_tasks):
        super().__init__(loop=loop)
        self._task = asyncio.current_task(loop)
        self._completed_tasks = completed_tasks

    def set_result(self, result):
        super().set_result(result)
        self._completed_tasks.append(self._task)


class GrantRecordingLoop(TurnedLoop):
    """Records in which order futures get their results, by the task that waits for each."""

    def __init__(self):
        self.completed_tasks = []
        super().__init__()

    def create_future(self):
        return GrantFuture(loop=self, completed_tasks=self.completed_tasks)


class Interleaving:
    """Takes, gives and cancellations in any order, and the invariants that hold in every order.

    The order of the grants counts, not of the wake-ups: a task that waited wakes up after its grant, and another task
    may get free permits without a wait in between.
    """

    def __init__(self, total):
        self.permits = Permits(total)
        self.tasks = []
        self.given_back = set()
        self.cancelled = set()

    async def take(self, max_count, fill_timeout):
        completed_tasks = asyncio.get_running_loop().completed_tasks

        async def taker():
            count = await self.permits.take(max_count, fill_timeout_seconds=fill_timeout)
            assert 1 <= count <= min(max_count, self.permits.total)
            task = asyncio.current_task()
            if task not in completed_tasks:  # granted without a wait
                completed_tasks.append(task)
            return count

        self.tasks.append(asyncio.create_task(taker()))
        await asyncio.sleep(0)

    def held(self):
        """Return the numbers of the tasks that have permits, in the order of requests."""
        return [
            number
            for number, task in enumerate(self.tasks)
            if task.done() and not task.cancelled() and number not in self.given_back
        ]

    def give(self, index):
        if held := self.held():
            number = held[index % len(held)]
            self.given_back.add(number)
            self.permits.give_back(self.tasks[number].result())

    def cancel(self, index):
        if pending := [number for number, task in enumerate(self.tasks) if not task.done()]:
            number = pending[index % len(pending)]
            self.tasks[number].cancel()
            self.cancelled.add(number)

    def count(self):
        return self.permits.free + sum(self.tasks[number].result() for number in self.held())

    def check(self):
        assert self.permits.free >= 0
        assert self.count() <= self.permits.total

    async def settle(self):
        """Let every fill time-out end."""
        await asyncio.sleep(2 * MAX_FILL_SECONDS)
        assert self.count() == self.permits.total, "a permit is lost"
        waiting = [task for task in self.tasks if not task.done()]
        assert not (waiting and self.permits.free), "a task waits although permits are free"

    async def finish(self):
        while True:
            await self.settle()
            if not self.held():
                break
            self.give(0)
        assert self.permits.free == self.permits.total
        assert all(task.done() for task in self.tasks)
        completed = asyncio.get_running_loop().completed_tasks
        granted = [self.tasks.index(task) for task in completed if task in self.tasks]
        granted = [number for number in granted if number not in self.cancelled]
        assert granted == sorted(granted), "a task was overtaken"
        assert len(granted) + len(self.cancelled) >= len(self.tasks)


steps = st.one_of(
    st.tuples(st.just("take"), st.integers(1, 6), st.sampled_from([0.0, 0.002, MAX_FILL_SECONDS])),
    st.tuples(st.just("give"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("step")),
    st.tuples(st.just("sleep"), st.sampled_from([0.001, 0.003])),
    st.tuples(st.just("settle")),
)


@example(total=2, scenario=[("take", 1, 0.0), ("take", 2, MAX_FILL_SECONDS), ("take", 1, 0.0)])
@example(
    total=3,
    scenario=[
        ("take", 1, 0.0),
        ("take", 1, 0.0),
        ("take", 2, 0.0),
        ("take", 1, 0.0),
        ("give", 0),
        ("cancel", 0),
        ("take", 1, 0.0),
    ],
)
@given(total=st.integers(1, 6), scenario=st.lists(steps, max_size=25))
def test_no_interleaving_loses_a_permit_or_makes_one(total, scenario):
    """In every order of takes, gives and cancellations the sum stays, the order is kept, and no task waits for ever."""

    async def live():
        scene = Interleaving(total)
        for step in scenario:
            match step:
                case ("take", max_count, fill_timeout):
                    await scene.take(max_count, fill_timeout)
                case ("give", index):
                    scene.give(index)
                case ("cancel", index):
                    scene.cancel(index)
                case ("step",):
                    await asyncio.sleep(0)
                case ("sleep", seconds):
                    await asyncio.sleep(seconds)
                case ("settle",):
                    await scene.settle()
            scene.check()
        await scene.finish()

    run_turned(live(), loop_factory=GrantRecordingLoop)
