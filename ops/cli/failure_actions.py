"""`stride failures retry|discard`: the commands that replay or discard failures."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.cli.examples import WithExamples
from ops.cli.failure_ids import complete_ids
from ops.cli.json_output import tally_to_row, to_json
from ops.cli.options import add_filter_options, build_filter
from ops.cli.sentences import FORECASTS, describe_forecast, describe_reason, describe_rejection
from ops.cli.session import NOT_DONE, STOPPED, CommandError, Session, run_async
from ops.cli.views import print_lines
from ops.desk.desk import Desk
from ops.desk.domain import values
from ops.desk.domain.values import Discarded, Forecast, NotPossible, Replayed, Tally
from shared.ledger.failures import FailureFilter

_RETRY = """
Examples:
  stride failures retry 3f0c
  stride failures retry --error calendar_access_revoked --age 1d --dry-run
  stride failures retry --queue booking --rate 50 --yes
"""


@click.command("retry", cls=WithExamples, epilog=_RETRY)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@add_filter_options
@click.option("--all", "is_all", is_flag=True, help="All open failures.")
@click.option(
    "--rate", type=click.FloatRange(min=0.1, max=1000), default=50, show_default=True, help="Replays per second."
)
@click.option("--dry-run", is_flag=True, help="Only forecast the outcomes.")
@click.option("--again", is_flag=True, help="Also replay failures that have ended; give their ids or --state.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def retry_failures(
    session: Session,
    /,
    *,
    ids: tuple[str, ...],
    is_all: bool,
    rate: float,
    dry_run: bool,
    again: bool,
    yes: bool,
    is_json: bool,
    **options: Any,
) -> None:
    """Put failed messages back on their queues, by id or by filter, in the order in which visitors sent them.

    Effects of earlier attempts are found and not repeated. --dry-run forecasts each replay, such as whether the
    requested time is still free, is occupied, or has passed.
    """
    is_filtered = is_all or any(options.values())
    if bool(ids) == is_filtered:
        raise click.UsageError("use either ids or filters" if ids else "select failures by ids, filters, or --all")
    states = options["states"] or ("open",)
    failure_filter = None if ids else build_filter(session.clock.now(), **{**options, "states": states})

    latest_progress: deque[values.Progress] = deque(maxlen=1)

    async def run() -> Tally:
        async with session.open_desk() as desk:
            if failure_filter and not dry_run and not yes:
                counts = await desk.count_failures(session.operator, failure_filter)
                if counts.total:
                    _confirm_replays(counts, rate)
            return await _replay_with_progress(
                session,
                desk,
                failure_filter or await complete_ids(desk, session.operator, ids),
                rate=rate,
                dry_run=dry_run,
                again=again,
                quiet=is_json,
                on_progress=latest_progress.append,
            )

    print_tally = partial(_print_tally, session, is_json=is_json)
    try:
        tally = run_async(run())
    except (KeyboardInterrupt, CommandError) as error:
        # The operator has to know how many were replayed before the end.
        if latest_progress:
            print_tally(latest_progress[-1].tally)
        if isinstance(error, CommandError):
            raise
        raise CommandError("stopped; the remaining failures are unchanged", STOPPED) from None
    print_tally(tally)
    if tally.not_possible:
        raise SystemExit(NOT_DONE)


def _confirm_replays(counts: values.Stats, rate: float) -> None:
    reasons = ", ".join(f"{count} {reason}" for reason, count in list(counts.by_reason.items())[:5])
    question = f"Replay {counts.total} failures ({reasons}) at {rate:g} per second?"
    if not click.confirm(question, err=True):
        raise CommandError("nothing was replayed", NOT_DONE)


async def _replay_with_progress(
    session: Session,
    desk: Desk,
    selection: FailureFilter | Sequence[str],
    *,
    rate: float,
    dry_run: bool,
    again: bool,
    quiet: bool,
    on_progress: Callable[[values.Progress], None],
) -> Tally:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=session.err,
        transient=True,
    )
    with nullcontext() if quiet else progress:
        task = progress.add_task("Forecasting" if dry_run else "Replaying", total=None)

        def show_progress(step: values.Progress) -> None:
            on_progress(step)
            progress.update(task, completed=step.done, total=step.total)
            if not quiet and (step.total <= _MAX_LISTED or isinstance(step.outcome, NotPossible)):
                print_lines(progress.console if session.err.is_terminal else session.err, _describe_outcome(step))

        return await desk.replay_failures(
            session.operator, selection, per_second=rate, dry_run=dry_run, again=again, on_progress=show_progress
        )


_MAX_LISTED = 20
"""Up to this many outcomes are printed one by one."""


def _describe_outcome(step: values.Progress) -> str:
    match step.outcome:
        case Replayed(replay=number):
            return f"{step.failure_id}  on its queue again (replay {number})"
        case Forecast():
            return f"{step.failure_id}  {describe_forecast(step.outcome)}"
        case NotPossible():
            return f"{step.failure_id}  not replayed: {describe_reason(step.outcome)}"


def _print_tally(session: Session, tally: Tally, *, is_json: bool) -> None:
    if is_json:
        print_lines(session.out, to_json(tally_to_row(tally)))
        return
    lines = [
        f"{count}: {FORECASTS[kind]}" for kind, count in sorted(tally.forecasts.items(), key=lambda pair: -pair[1])
    ]
    if tally.replayed:
        lines.append(f"{tally.replayed} on their queues again; `stride failures watch` shows the outcomes")
    lines += [
        f"{count} not replayed: {describe_reason(NotPossible(why))}"
        for why, count in sorted(tally.not_possible.items())
    ]
    print_lines(session.out, *(lines or ["No failure matches."]))


_DISCARD = """
Example:
  stride failures discard 3f0c --reason "the visitor called, booked by hand"
"""


@click.command("discard", cls=WithExamples, epilog=_DISCARD)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why no action is needed; stored in the audit trail.")
@click.pass_obj
def discard_failures(session: Session, /, *, ids: tuple[str, ...], reason: str) -> None:
    """Mark failures as needing no action; they stay in the ledger until their retention ends."""

    async def run() -> int:
        not_discarded = 0
        async with session.open_desk() as desk:
            for failure_id in await complete_ids(desk, session.operator, ids):
                match await desk.discard_failure(session.operator, failure_id, reason):
                    case Discarded():
                        print_lines(session.out, f"{failure_id}  discarded")
                    case NotPossible() as why:
                        print_lines(session.err, describe_rejection(failure_id, why))
                        not_discarded += 1
        return not_discarded

    if run_async(run()):
        raise SystemExit(NOT_DONE)
