"""`stride failures list|show|watch|stats`: the commands that only read."""

import asyncio
from typing import Any

import click

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.failure_ids import complete_id
from ops.cli.json_output import details_to_row, failure_to_row, to_json
from ops.cli.options import Cursor, add_filter_options, build_filter
from ops.cli.sentences import NO_SUCH
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.views import (
    print_lines,
    print_view,
    render_details,
    render_failure_line,
    render_failures_table,
    render_stats,
)
from shared.ledger.failures import FailureFilter, FailureState

_NOT_ENDED = frozenset({FailureState.FAILED, FailureState.FAILED_AGAIN, FailureState.REPLAYING})


_FAILURES = """
Examples:
  stride failures list --queue booking --age 2h
  stride failures show 3f0c
  stride failures retry 3f0c
  stride failures retry --error calendar_access_revoked --rate 50 --dry-run
  stride failures edit 3f0c && stride failures retry 3f0c
  stride failures discard 3f0c --reason "the visitor called"

The beginning of an id is enough, from four characters on, where only
one id begins so.

Exit codes: 0 success, 1 not everything could be done, 2 invalid command
line, 3 there is no deployment or it can't be reached.
"""


@click.group(cls=GroupWithExamples, epilog=_FAILURES)
def failures() -> None:
    """Find, edit, replay and discard failures."""


_LIST_FAILURES = """
Examples:
  stride failures list --error calendar_access_revoked --tenant studio-lumen
  stride failures list --age 2h --text booking.verify
  stride failures list --state all --json | jq '.failures[].failure_id'
"""


@failures.command("list", cls=WithExamples, epilog=_LIST_FAILURES)
@add_filter_options
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Maximum number of failures."
)
@click.option("--after", type=Cursor(), metavar="CURSOR", help="Continue after the cursor of the previous list.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_failures(session: Session, /, *, limit: int, after: str | None, is_json: bool, **options: Any) -> None:
    """List failures, the latest first; without --state those that have not ended."""

    async def run() -> None:
        async with session.open_desk() as desk:
            page = await desk.find_failures(
                session.operator, _build_default_filter(session, options), limit=limit, after=after
            )
        if is_json:
            rows = [failure_to_row(failure) for failure in page.failures]
            print_lines(session.out, to_json({"failures": rows, "after": page.after}))
            return
        if page.failures:
            print_view(session.out, render_failures_table(page.failures, session.clock.now()))
        else:
            session.err.print("No failure matches." if not after else "No more failures.")
        if page.after:
            print_lines(session.err, f"There are more failures: --after {page.after}")

    run_async(run())


_SHOW = """
Examples:
  stride failures show 3f0c
  stride failures show 3f0c --unmask --json
"""


@failures.command("show", cls=WithExamples, epilog=_SHOW)
@click.argument("failure_id", metavar="ID")
@click.option("--unmask", is_flag=True, help="Show personal data. This is recorded in the audit trail.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show_failure(session: Session, /, *, failure_id: str, unmask: bool, is_json: bool) -> None:
    """Show one failure: its message, what a replay would do now, and its audit trail."""

    async def run() -> None:
        async with session.open_desk() as desk:
            whole_id = await complete_id(desk, session.operator, failure_id)
            details = await desk.show_failure(session.operator, whole_id, unmasked=unmask)
        if details is None:
            raise CommandError(NO_SUCH.format(failure_id), NOT_DONE)
        if is_json:
            print_lines(session.out, to_json(details_to_row(details)))
        else:
            print_view(session.out, render_details(details, session.clock.now()))

    run_async(run())


_STATS = """
Examples:
  stride failures stats --age 1d
  stride failures stats --queue booking --state all --json
"""


@failures.command("stats", cls=WithExamples, epilog=_STATS)
@add_filter_options
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show_stats(session: Session, /, *, is_json: bool, **options: Any) -> None:
    """Count failures by error and by hour, with a small plot."""

    async def run() -> None:
        async with session.open_desk() as desk:
            counts = await desk.count_failures(session.operator, _build_default_filter(session, options))
        if is_json:
            by_hour = {hour.isoformat(): count for hour, count in counts.by_hour.items()}
            cells = {
                reason: {hour.isoformat(): count for hour, count in hours.items()}
                for reason, hours in counts.by_reason_and_hour.items()
            }
            print_lines(
                session.out,
                to_json(
                    {
                        "total": counts.total,
                        "is_complete": counts.is_complete,
                        "by_state": counts.by_state,
                        "by_queue": counts.by_queue,
                        "by_reason": counts.by_reason,
                        "by_hour": by_hour,
                        "by_reason_and_hour": cells,
                    }
                ),
            )
        else:
            print_view(session.out, render_stats(counts, width=session.out.width))

    run_async(run())


_MAX_WATCHED = 1_000
"""How many failures each poll reads: older ones are not watched, but `list` shows them."""

_WATCH = """
Examples:
  stride failures watch --queue booking
  stride failures watch --json | jq -r .reason
"""


@failures.command("watch", cls=WithExamples, epilog=_WATCH)
@add_filter_options
@click.option("--interval", type=click.FloatRange(min=0.1), default=2, show_default=True, help="Seconds between polls.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--looks", type=click.IntRange(1), hidden=True, help="End after this many polls.")
@click.pass_obj
def watch_failures(session: Session, /, *, interval: float, is_json: bool, looks: int | None, **options: Any) -> None:
    """Print a line for each new failure, and for each that changes, until Ctrl-C."""
    print_lines(session.err, f"Watching {session.title()}; Ctrl-C stops.")

    async def run() -> None:
        seen: dict[str, int] = {}
        watched = build_filter(session.clock.now(), **{**options, "states": options["states"] or ("all",)})
        polls = 0
        async with session.open_desk() as desk:
            while looks is None or polls < looks:
                if polls:
                    await asyncio.sleep(interval)
                latest = [
                    failure async for failure in desk.iterate_failures(session.operator, watched, limit=_MAX_WATCHED)
                ]
                if len(latest) == _MAX_WATCHED and not polls:
                    print_lines(session.err, f"There are more failures: only the latest {_MAX_WATCHED} are watched.")
                for failure in reversed(latest):
                    is_changed = seen.get(failure.failure_id) != failure.version
                    if is_changed and (polls or failure.state in _NOT_ENDED):
                        line = (
                            to_json(failure_to_row(failure), indent=None) if is_json else render_failure_line(failure)
                        )
                        print_lines(session.out, line)
                    seen[failure.failure_id] = failure.version
                polls += 1

    try:
        run_async(run())
    except KeyboardInterrupt:
        session.err.print("Stopped.")


def _build_default_filter(session: Session, options: dict[str, Any]) -> FailureFilter:
    """Return the filter of the options; without a state, failures that have not ended."""
    states = options["states"] or tuple(_NOT_ENDED)
    return build_filter(session.clock.now(), **{**options, "states": states})
