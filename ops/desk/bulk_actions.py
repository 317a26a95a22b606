"""Replays or forecasts many failures, in order within each conversation, and counts the outcomes."""

from collections.abc import Awaitable, Callable, Sequence

from ops.desk.domain.values import Forecast, NotPossible, NotPossibleReason, Progress, Replayed, Tally
from ops.desk.rate_limit import Job, run_at_rate
from shared.ledger.failures import Failure

Outcome = Replayed | NotPossible | Forecast


def build_job(failure: Failure) -> Job:
    """Return the job of a failure; notices have no order."""
    group = failure.group or failure.session_id
    is_ordered = group is not None and failure.queue != "notifications"
    return Job(failure.failure_id, f"{failure.queue}/{group}" if is_ordered else failure.failure_id)


async def act_on_jobs(
    jobs: Sequence[Job],
    act: Callable[[str], Awaitable[Outcome]],
    *,
    per_second: float,
    on_progress: Callable[[Progress], None] | None,
) -> Tally:
    """Act on each job in turn, at a limited rate; after one that could not be sent, skip the rest of its group."""
    tally, blocked_groups = Tally(), set[str]()

    async def act_on(job: Job) -> None:
        nonlocal tally
        outcome = (
            NotPossible(NotPossibleReason.AFTER_ANOTHER) if job.group in blocked_groups else await act(job.failure_id)
        )
        if isinstance(outcome, NotPossible) and outcome.why is NotPossibleReason.NOT_SENT:
            blocked_groups.add(job.group)
        tally = tally.add_outcome(outcome)
        if on_progress:
            on_progress(Progress(len(jobs), job.failure_id, outcome, tally))

    await run_at_rate(jobs, act_on, per_second=per_second)
    return tally
