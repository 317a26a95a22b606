"""`stride failures list|show|watch|stats`: the commands that look."""

import asyncio
from typing import Any

import click

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.options import Cursor, filters, wanted
from ops.cli.plain import as_json, case_row, failure_row
from ops.cli.sentences import NO_SUCH
from ops.cli.session import NOT_DONE, Session, TroubleError, carried_out
from ops.cli.views import case_view, failure_line, failures_table, print_lines, print_view, stats_view
from shared.ledger.failures import FailureFilter, FailureState

_WAITING = frozenset({FailureState.FAILED, FailureState.FAILED_AGAIN, FailureState.REPLAYING})


_FAILURES = """
Examples:
  stride failures list --queue booking --age 2h
  stride failures show 3f0c...
  stride failures retry 3f0c...
  stride failures retry --error calendar_access_revoked --rate 50 --dry-run
  stride failures edit 3f0c... && stride failures retry 3f0c...
  stride failures discard 3f0c... --reason "the visitor called"

Exit codes: 0 done, 1 something could not be done, 2 the command is not
understood, 3 there is no deployment or it can't be reached.
"""


@click.group(cls=GroupWithExamples, epilog=_FAILURES)
def failures() -> None:
    """Find, repair and replay what failed."""


_LIST_FAILURES = """
Examples:
  stride failures list --error calendar_access_revoked --tenant studio-lumen
  stride failures list --age 2h --text booking.verify
  stride failures list --state all --json | jq '.failures[].failure_id'
"""


@failures.command("list", cls=WithExamples, epilog=_LIST_FAILURES)
@filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many to show.")
@click.option("--after", type=Cursor(), metavar="CURSOR", help="Go on where the last list ended; it says the cursor.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_failures(session: Session, /, *, limit: int, after: str | None, is_json: bool, **options: Any) -> None:
    """List failures, the latest first; without --state those that have not ended."""

    async def run() -> None:
        async with session.open_desk() as desk:
            page = await desk.find(session.operator, _waiting(session, options), limit=limit, after=after)
        if is_json:
            rows = [failure_row(failure) for failure in page.failures]
            print_lines(session.out, as_json({"failures": rows, "after": page.after}))
            return
        if page.failures:
            print_view(session.out, failures_table(page.failures, session.clock.now()))
        else:
            session.err.print("Nothing that matches." if not after else "Nothing more.")
        if page.after:
            print_lines(session.err, f"There are more: --after {page.after}")

    carried_out(run())


_SHOW = """
Examples:
  stride failures show 3f0c...
  stride failures show 3f0c... --unmask --json
"""


@failures.command(cls=WithExamples, epilog=_SHOW)
@click.argument("failure_id", metavar="ID")
@click.option("--unmask", is_flag=True, help="Show personal data. That you looked is on record.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(session: Session, /, *, failure_id: str, unmask: bool, is_json: bool) -> None:
    """Show one failure: what it says, what a replay would do now, and what was done so far."""

    async def run() -> None:
        async with session.open_desk() as desk:
            case = await desk.show(session.operator, failure_id, unmasked=unmask)
        if case is None:
            raise TroubleError(NO_SUCH.format(failure_id), NOT_DONE)
        if is_json:
            print_lines(session.out, as_json(case_row(case)))
        else:
            print_view(session.out, case_view(case, session.clock.now()))

    carried_out(run())


_STATS = """
Examples:
  stride failures stats --age 1d
  stride failures stats --queue booking --state all --json
"""


@failures.command(cls=WithExamples, epilog=_STATS)
@filters
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def stats(session: Session, /, *, is_json: bool, **options: Any) -> None:
    """Count failures by error and by hour, with a small plot."""

    async def run() -> None:
        async with session.open_desk() as desk:
            counts = await desk.stats(session.operator, _waiting(session, options))
        if is_json:
            by_hour = {hour.isoformat(): count for hour, count in counts.by_hour.items()}
            cells = {
                reason: {hour.isoformat(): count for hour, count in hours.items()}
                for reason, hours in counts.by_reason_and_hour.items()
            }
            print_lines(
                session.out,
                as_json(
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
            print_view(session.out, stats_view(counts, width=session.out.width))

    carried_out(run())


_WATCHED = 1_000
"""Each look reads as many: of older ones nobody hears, but `list` shows them."""

_WATCH = """
Examples:
  stride failures watch --queue booking
  stride failures watch --json | jq -r .reason
"""


@failures.command(cls=WithExamples, epilog=_WATCH)
@filters
@click.option("--interval", type=click.FloatRange(min=0.1), default=2, show_default=True, help="Seconds in between.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--looks", type=click.IntRange(1), hidden=True, help="End after so many looks.")
@click.pass_obj
def watch(session: Session, /, *, interval: float, is_json: bool, looks: int | None, **options: Any) -> None:
    """Print a line for each new failure, and for each that changes, until Ctrl-C."""
    print_lines(session.err, f"Watching {session.title()}; Ctrl-C ends it.")

    async def run() -> None:
        seen: dict[str, int] = {}
        found = wanted(session.clock.now(), **{**options, "states": options["states"] or ("all",)})
        number = 0
        async with session.open_desk() as desk:
            while looks is None or number < looks:
                if number:
                    await asyncio.sleep(interval)
                latest = [failure async for failure in desk.every(session.operator, found, limit=_WATCHED)]
                if len(latest) == _WATCHED and not number:
                    print_lines(session.err, f"There are more: the latest {_WATCHED} are watched.")
                for failure in reversed(latest):
                    is_news = seen.get(failure.failure_id) != failure.version
                    if is_news and (number or failure.state in _WAITING):
                        line = as_json(failure_row(failure), indent=None) if is_json else failure_line(failure)
                        print_lines(session.out, line)
                    seen[failure.failure_id] = failure.version
                number += 1

    try:
        carried_out(run())
    except KeyboardInterrupt:
        session.err.print("Stopped.")


def _waiting(session: Session, options: dict[str, Any]) -> FailureFilter:
    """Return the filter of the options; without a state, what is not over."""
    states = options["states"] or tuple(_WAITING)
    return wanted(session.clock.now(), **{**options, "states": states})
