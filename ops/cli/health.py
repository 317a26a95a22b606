"""`stride doctor` and `stride status`: the health checks of a deployment, and the figures of its queues."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta

import click
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.cli.examples import WithExamples
from ops.cli.json_output import to_json
from ops.cli.session import NOT_DONE, Session, run_async
from ops.cli.views import format_span, print_lines, print_view, sanitize_text
from ops.desk.desk import Desk
from ops.health.checks import CheckResult
from ops.queues.figures import QueueFigures, QueueGauge
from shared.circuits.breaker import CircuitState
from shared.circuits.ports import CircuitRecords
from shared.errors import PermanentError, TransientError, describe_error
from shared.ledger.failures import FailureFilter
from shared.ledger.rules import OPEN

_SIGNS = {
    "ok": Text("OK     ", style="green"),
    "warning": Text("WARNING", style="yellow"),
    "problem": Text("PROBLEM", style="bold red"),
    "off": Text("OFF    ", style="dim"),
}


_DOCTOR = """
Exit code 0 if there is no problem, 1 if there is one. A warning is what works, but looks like a mistake.

Examples:
  stride doctor
  stride --stack stride-test doctor --json
"""


@click.command("doctor", cls=WithExamples, epilog=_DOCTOR)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def run_doctor(session: Session, /, *, is_json: bool) -> None:
    """Check settings, credentials, queues, tables, secrets, functions, models, alerts, e-mail and businesses.

    Prints what to do about each problem. The check of a model, or of a guardrail, costs one token.
    """

    def print_result(check: CheckResult) -> None:
        if not is_json:
            line = Text("  ").join(
                (_SIGNS[check.state], sanitize_text(f"{check.name:24}"), sanitize_text(check.detail))
            )
            print_lines(session.out, line)
            if check.advice and check.state != "ok":
                print_lines(session.out, Text(f"{'':9}{'':26}-> ", style="dim") + sanitize_text(check.advice, "yellow"))

    if not is_json:
        print_lines(session.err, f"Checking {session.title()}")
    checks = run_async(session.run_health_checks(print_result))
    problems = [check for check in checks if check.state == "problem"]
    if is_json:
        print_lines(session.out, to_json([asdict(check) for check in checks]))
    else:
        print_lines(
            session.out, f"\n{len(problems)} of {len(checks)} checks found a problem." if problems else "\nNo problems."
        )
    if problems:
        raise SystemExit(NOT_DONE)


_STATUS = """
Examples:
  stride status
  stride status --watch
  stride status --json | jq '.[] | select(.failed > 0)'
"""


@click.command("status", cls=WithExamples, epilog=_STATUS)
@click.option("--json", "is_json", is_flag=True, help="Print JSON; with --watch one array per line.")
@click.option("--watch", "is_watching", is_flag=True, help="Repeat until Ctrl-C.")
@click.option(
    "--interval", type=click.FloatRange(min=0.5), default=2, show_default=True, help="Seconds between repetitions."
)
@click.pass_obj
def show_status(session: Session, /, *, is_json: bool, is_watching: bool, interval: float) -> None:
    """Show each queue: waiting messages, messages in flight, age of the oldest, dead letters, and open failures.

    Beside it, which dependencies a worker does not call at the moment.
    """
    for name in session.list_down():
        line = f"{name} is down: it ended again and again, and has its reason in logs/{name}.log. Run `make up` again."
        print_lines(session.err, sanitize_text(line, "bold red"))

    async def run() -> None:
        async with session.open_circuits() as circuits:
            await _print_circuits(session, circuits)
        async with session.open_gauge() as gauge, session.open_desk() as desk:
            if not is_watching:
                _print_figures(session, *await _read_figures(session, gauge, desk), is_json=is_json)
                return
            with Live(console=session.out, auto_refresh=False) as live:
                while True:
                    figures, failed = await _read_figures(session, gauge, desk)
                    if is_json:
                        print_lines(session.out, to_json(_figures_to_rows(figures, failed), indent=None))
                    else:
                        live.update(_build_figures_table(figures, failed), refresh=True)
                    await asyncio.sleep(interval)

    try:
        run_async(run())
    except KeyboardInterrupt:
        session.err.print("Stopped.")


async def _print_circuits(session: Session, circuits: CircuitRecords) -> None:
    """Print what some worker does not call at the moment, or did not within the last hour, beside the figures."""
    try:
        records = await circuits.list_recent()
    except (TransientError, PermanentError) as error:
        print_lines(session.err, sanitize_text(f"Circuits can't be read: {describe_error(error)}", "yellow"))
        return
    for record in records:
        name = f"{record.dependency} {record.circuit}".rstrip()
        ago = format_span(session.clock.now() - record.recorded_at)
        is_open = record.state is CircuitState.OPEN
        line = f"{record.process}: {name} " + (
            f"is not called, because it fails or is slow (last trial {ago} ago)" if is_open else f"is back ({ago} ago)"
        )
        print_lines(session.err, sanitize_text(line, "bold red" if is_open else "green"))


async def _read_figures(
    session: Session, gauge: QueueGauge, desk: Desk
) -> tuple[Sequence[QueueFigures], Mapping[str, int]]:
    figures, counts = await asyncio.gather(
        gauge.read_figures(), desk.count_failures(session.operator, FailureFilter(states=OPEN))
    )
    return figures, Counter(counts.by_queue)


def _print_figures(
    session: Session, figures: Sequence[QueueFigures], failed: Mapping[str, int], *, is_json: bool
) -> None:
    if is_json:
        print_lines(session.out, to_json(_figures_to_rows(figures, failed)))
    else:
        print_view(session.out, _build_figures_table(figures, failed))


def _figures_to_rows(figures: Sequence[QueueFigures], failed: Mapping[str, int]) -> list[dict[str, object]]:
    return [
        {**asdict(queue), "failed": None if queue.dead is None else failed.get(queue.queue, 0)} for queue in figures
    ]


def _build_figures_table(figures: Sequence[QueueFigures], failed: Mapping[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("QUEUE")
    for name in ("WAITING", "OLDEST", "IN FLIGHT", "DEAD LETTERS", "FAILED"):
        table.add_column(name, justify="right")
    for queue in figures:
        oldest = "-" if queue.oldest_seconds is None else format_span(timedelta(seconds=queue.oldest_seconds))
        count = failed.get(queue.queue, 0)
        failures = Text(str(count), style="red" if count else "green")
        dead_letters_and_failures = (str(queue.dead), failures) if queue.dead is not None else ("", "")
        table.add_row(
            queue.queue,
            str(queue.waiting),
            oldest if queue.waiting or queue.in_flight else "",
            str(queue.in_flight),
            *dead_letters_and_failures,
        )
    return table
