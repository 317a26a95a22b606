"""`stride doctor` and `stride status`: whether a deployment has what it needs, and how full its queues are."""

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
from ops.cli.plain import as_json
from ops.cli.session import NOT_DONE, Session, carried_out
from ops.cli.views import age, print_lines, print_view, safe
from ops.desk.desk import Desk
from ops.health.checks import Check
from ops.queues.figures import QueueFigures, QueueGauge
from shared.ledger.failures import FailureFilter
from shared.ledger.rules import OPEN

_SIGNS = {
    "ok": Text("OK     ", style="green"),
    "problem": Text("PROBLEM", style="bold red"),
    "off": Text("OFF    ", style="dim"),
}


_DOCTOR = """
Exit code 0 if all is well, 1 if there is a problem.

Examples:
  stride doctor
  stride --stack stride-test doctor --json
"""


@click.command(cls=WithExamples, epilog=_DOCTOR)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def doctor(session: Session, /, *, is_json: bool) -> None:
    """Check settings, credentials, queues, tables, secrets, models, e-mail, text messages, businesses and calendars.

    Says for each what to do if it is not well. Asking a model costs one token.
    """

    def told(check: Check) -> None:
        if not is_json:
            line = Text("  ").join((_SIGNS[check.state], safe(f"{check.name:24}"), safe(check.detail)))
            print_lines(session.out, line)
            if check.advice and check.state != "ok":
                print_lines(session.out, Text(f"{'':9}{'':26}-> ", style="dim") + safe(check.advice, "yellow"))

    if not is_json:
        print_lines(session.err, f"Looking at {session.title()}")
    checks = carried_out(session.examine(told))
    problems = [check for check in checks if check.state == "problem"]
    if is_json:
        print_lines(session.out, as_json([asdict(check) for check in checks]))
    else:
        print_lines(session.out, f"\n{len(problems)} of {len(checks)} are problems." if problems else "\nAll is well.")
    if problems:
        raise SystemExit(NOT_DONE)


_STATUS = """
Examples:
  stride status
  stride status --watch
  stride status --json | jq '.[] | select(.failed > 0)'
"""


@click.command(cls=WithExamples, epilog=_STATUS)
@click.option("--json", "is_json", is_flag=True, help="Print JSON; with --watch one object a line.")
@click.option("--watch", "is_watching", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(min=0.5), default=2, show_default=True, help="Seconds in between.")
@click.pass_obj
def status(session: Session, /, *, is_json: bool, is_watching: bool, interval: float) -> None:
    """Show each queue: what waits, what is in flight, how old the oldest is, and what failed and waits for somebody."""

    async def run() -> None:
        async with session.open_gauge() as gauge, session.open_desk() as desk:
            if not is_watching:
                _print(session, *await _looked(session, gauge, desk), is_json=is_json)
                return
            with Live(console=session.out, auto_refresh=False) as live:
                while True:
                    figures, failed = await _looked(session, gauge, desk)
                    if is_json:
                        print_lines(session.out, as_json(_rows(figures, failed), indent=None))
                    else:
                        live.update(_table(figures, failed), refresh=True)
                    await asyncio.sleep(interval)

    try:
        carried_out(run())
    except KeyboardInterrupt:
        session.err.print("Stopped.")


async def _looked(session: Session, gauge: QueueGauge, desk: Desk) -> tuple[Sequence[QueueFigures], Mapping[str, int]]:
    figures, counts = await asyncio.gather(gauge.read(), desk.stats(session.operator, FailureFilter(states=OPEN)))
    return figures, Counter(counts.by_queue)


def _print(session: Session, figures: Sequence[QueueFigures], failed: Mapping[str, int], *, is_json: bool) -> None:
    if is_json:
        print_lines(session.out, as_json(_rows(figures, failed)))
    else:
        print_view(session.out, _table(figures, failed))


def _rows(figures: Sequence[QueueFigures], failed: Mapping[str, int]) -> list[dict[str, object]]:
    return [{**asdict(one), "failed": None if one.dead is None else failed.get(one.queue, 0)} for one in figures]


def _table(figures: Sequence[QueueFigures], failed: Mapping[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("QUEUE")
    for name in ("WAITING", "OLDEST", "IN FLIGHT", "DEAD LETTERS", "FAILED"):
        table.add_column(name, justify="right")
    for one in figures:
        oldest = "-" if one.oldest_seconds is None else age(timedelta(seconds=one.oldest_seconds))
        count = failed.get(one.queue, 0)
        own = (str(one.dead), Text(str(count), style="red" if count else "green")) if one.dead is not None else ("", "")
        table.add_row(
            one.queue,
            str(one.waiting),
            oldest if one.waiting or one.in_flight else "",
            str(one.in_flight),
            *own,
        )
    return table
