"""The failures worker crashes at every step: each dead letter is recorded once, and its visitor is notified once."""

import pytest

from shared.consumer.disposition import Ack
from tests.fakes.crashing_port import CrashError, CrashingPort, CrashPlan
from tests.unit.workers.failures.conftest import LEASE, FailuresWorker, body_of, copy_attributes

DEAD_LETTERS = {
    "moved by the queue": (body_of(), None, 1),
    "copied by a worker": (body_of(), copy_attributes(), 0),
    "unreadable": ("no json", copy_attributes(reason="not_json"), 0),
}


async def process_until_recorded(crash_plan, dead_letter):
    """Process a dead letter until it is deleted, again after each crash; return the worker."""
    body, attributes, _ = DEAD_LETTERS[dead_letter]
    worker = FailuresWorker(wrap_port=lambda port: CrashingPort(port, crash_plan))
    worker.queue.send(body, group="s1")
    while worker.queue.bodies():
        try:
            received = await worker.receive(attributes)
            crash_plan.reach("after the receive")
            disposition = await worker.processor.process(received)
            crash_plan.reach("before the settlement")
            assert disposition == Ack()
            await delete_dead_letter(worker, crash_plan, received)
        except CrashError:
            # The message and the claim become free once their leases end.
            worker.clock.advance(LEASE * 1.1)
    return worker


async def delete_dead_letter(worker, crash_plan, received):
    # The settler calls the queue from a task of its own, where the test could not catch the crash.
    await CrashingPort(worker.queue, crash_plan).delete([received])


@pytest.mark.parametrize("dead_letter", DEAD_LETTERS)
async def test_a_crash_at_any_step_loses_nothing_and_repeats_nothing(dead_letter):
    """There is one failure with one audit entry, and one frame for a visitor who waits, whatever the last step was."""
    *_, frames = DEAD_LETTERS[dead_letter]
    whole = CrashPlan()
    await process_until_recorded(whole, dead_letter)
    assert whole.points >= (14 if frames else 6)
    for moment in range(whole.points):
        crash_plan = CrashPlan(moment)
        worker = await process_until_recorded(crash_plan, dead_letter)
        assert crash_plan.crashed_at
        [failure] = worker.failures.rows.values()
        assert (len(failure.audit_trail), failure.version) == (1, 1), crash_plan.crashed_at
        assert len(worker.errors()) == frames, crash_plan.crashed_at
        assert worker.claims.records.get("k1") is None or worker.claims.records["k1"].done, crash_plan.crashed_at


@pytest.mark.parametrize("dead_letter", DEAD_LETTERS)
async def test_a_dead_letter_is_recorded_before_it_is_deleted(dead_letter):
    """After a crash at any step it is in the queue or in the ledger."""
    body, attributes, _ = DEAD_LETTERS[dead_letter]
    whole = CrashPlan()
    await process_until_recorded(whole, dead_letter)
    for moment in range(whole.points):
        crash_plan = CrashPlan(moment)
        worker = FailuresWorker(wrap_port=lambda port, crash_plan=crash_plan: CrashingPort(port, crash_plan))
        worker.queue.send(body, group="s1")
        try:
            received = await worker.receive(attributes)
            crash_plan.reach("after the receive")
            await worker.processor.process(received)
            crash_plan.reach("before the settlement")
            await delete_dead_letter(worker, crash_plan, received)
        except CrashError:
            pass
        assert worker.queue.bodies() or worker.failures.rows, crash_plan.crashed_at
