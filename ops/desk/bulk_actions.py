"""Does something about many failures, one after the other where they are of one conversation, and counts what came."""

from collections.abc import Awaitable, Callable, Sequence

from ops.desk.domain.values import Forecast, NotPossible, Progress, Replayed, Tally, Why
from ops.desk.rate_limit import Job, run_in_order
from shared.ledger.failures import Failure

Outcome = Replayed | NotPossible | Forecast


def make_job(failure: Failure) -> Job:
    """Return the job of a failure; notices are in no order."""
    group = failure.group or failure.session_id
    is_ordered = group is not None and failure.queue != "notifications"
    return Job(failure.failure_id, f"{failure.queue}/{group}" if is_ordered else failure.failure_id)


async def run_each(
    jobs: Sequence[Job],
    act: Callable[[str], Awaitable[Outcome]],
    *,
    per_second: float,
    on_progress: Callable[[Progress], None] | None,
) -> Tally:
    """Act on each in turn and at the pace; behind one that could not be sent, those of its group are left alone."""
    tally, stuck = Tally(), set[str]()

    async def act_on(job: Job) -> None:
        nonlocal tally
        outcome = NotPossible(Why.AFTER_ANOTHER) if job.group in stuck else await act(job.failure_id)
        if isinstance(outcome, NotPossible) and outcome.why is Why.NOT_SENT:
            stuck.add(job.group)
        tally = tally.plus(outcome)
        if on_progress:
            on_progress(Progress(len(jobs), job.failure_id, outcome, tally))

    await run_in_order(jobs, act_on, per_second=per_second)
    return tally
