"""`stride failures retry|discard`: the commands that end a failure, one way or the other."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.cli.examples import WithExamples
from ops.cli.options import filters, wanted
from ops.cli.plain import as_json, tally_row
from ops.cli.sentences import FORECASTS, forecast_sentence, refused, why_not
from ops.cli.session import NOT_DONE, STOPPED, Session, TroubleError, carried_out
from ops.cli.views import print_lines
from ops.desk.desk import Desk
from ops.desk.domain import values
from ops.desk.domain.values import Discarded, Forecast, NotPossible, Replayed, Tally
from shared.ledger.failures import FailureFilter

_RETRY = """
Examples:
  stride failures retry 3f0c...
  stride failures retry --error calendar_access_revoked --age 1d --dry-run
  stride failures retry --queue booking --rate 50 --yes
"""


@click.command(cls=WithExamples, epilog=_RETRY)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filters
@click.option("--all", "is_all", is_flag=True, help="Everything that waits, without a filter.")
@click.option("--rate", type=click.FloatRange(min=0.1, max=1000), default=50, show_default=True, help="A second.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--again", is_flag=True, help="Also what has ended; name it, or its --state.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def retry(
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
    """Put failures back on their queues, by id or by filter, in the order in which they were asked for.

    What a failed try did already is found and not done again. --dry-run says for each what a replay would do now:
    whether the time is still free, taken, or gone by.
    """
    is_filtered = is_all or any(options.values())
    if bool(ids) == is_filtered:
        raise click.UsageError(
            "give ids or filters, not both" if ids else "say which failures are meant: ids, filters, or --all"
        )
    chosen: FailureFilter | Sequence[str] = ids
    if not ids:
        chosen = wanted(session.clock.now(), **{**options, "states": options["states"] or ("open",)})

    told: deque[values.Progress] = deque(maxlen=1)

    async def run() -> Tally:
        async with session.open_desk() as desk:
            if not dry_run and not yes and isinstance(chosen, FailureFilter):
                counts = await desk.stats(session.operator, chosen)
                if counts.total:
                    _confirm(counts, rate)
            return await _retried(
                session, desk, chosen, rate=rate, dry_run=dry_run, again=again, quiet=is_json, also=told.append
            )

    show = partial(_print_tally, session, is_json=is_json)
    try:
        tally = carried_out(run())
    except (KeyboardInterrupt, TroubleError) as end:
        # What was done until then is done: whoever goes on has to know of it.
        if told:
            show(told[-1].tally)
        if isinstance(end, TroubleError):
            raise
        raise TroubleError("stopped; the others are as they were", STOPPED) from None
    show(tally)
    if tally.not_possible:
        raise SystemExit(NOT_DONE)


def _confirm(counts: values.Stats, rate: float) -> None:
    reasons = ", ".join(f"{count} {reason}" for reason, count in list(counts.by_reason.items())[:5])
    question = f"Replay {counts.total} failures ({reasons}) at {rate:g} a second?"
    if not click.confirm(question, err=True):
        raise TroubleError("nothing was replayed", NOT_DONE)


async def _retried(
    session: Session,
    desk: Desk,
    chosen: FailureFilter | Sequence[str],
    *,
    rate: float,
    dry_run: bool,
    again: bool,
    quiet: bool,
    also: Callable[[values.Progress], None],
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
        task = progress.add_task("Looking ahead" if dry_run else "Replaying", total=None)

        def told(step: values.Progress) -> None:
            also(step)
            progress.update(task, completed=step.done, total=step.total)
            if not quiet and (step.total <= _SHOWN or isinstance(step.outcome, NotPossible)):
                print_lines(progress.console if session.err.is_terminal else session.err, _outcome(step))

        return await desk.replay_many(
            session.operator, chosen, per_second=rate, dry_run=dry_run, again=again, on_progress=told
        )


_SHOWN = 20
"""Up to so many are told one by one."""


def _outcome(step: values.Progress) -> str:
    match step.outcome:
        case Replayed(replay=number):
            return f"{step.failure_id}  on its queue again (replay {number})"
        case Forecast():
            return f"{step.failure_id}  {forecast_sentence(step.outcome)}"
        case NotPossible():
            return f"{step.failure_id}  not replayed: {why_not(step.outcome)}"


def _print_tally(session: Session, tally: Tally, *, is_json: bool) -> None:
    if is_json:
        print_lines(session.out, as_json(tally_row(tally)))
        return
    lines = [f"{count}: {FORECASTS[kind]}" for kind, count in sorted(tally.forecasts.items(), key=lambda one: -one[1])]
    if tally.replayed:
        lines.append(f"{tally.replayed} on their queues again; `stride failures watch` shows what becomes of them")
    lines += [f"{count} not replayed: {why_not(NotPossible(why))}" for why, count in sorted(tally.not_possible.items())]
    print_lines(session.out, *(lines or ["Nothing that matches."]))


_DISCARD = """
Example:
  stride failures discard 3f0c... --reason "the visitor called, booked by hand"
"""


@click.command(cls=WithExamples, epilog=_DISCARD)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why nothing needs to be done; it stands in the story.")
@click.pass_obj
def discard(session: Session, /, *, ids: tuple[str, ...], reason: str) -> None:
    """Say that nothing needs to be done about failures; they stay in the ledger for a while."""

    async def run() -> int:
        number = 0
        async with session.open_desk() as desk:
            for failure_id in ids:
                match await desk.discard(session.operator, failure_id, reason):
                    case Discarded():
                        print_lines(session.out, f"{failure_id}  discarded")
                    case NotPossible() as why:
                        print_lines(session.err, refused(failure_id, why))
                        number += 1
        return number

    if carried_out(run()):
        raise SystemExit(NOT_DONE)
