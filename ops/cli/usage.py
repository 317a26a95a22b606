"""`stride usage`: what the assistants cost, compute sums again, erase a conversation's records."""

from collections.abc import Coroutine
from datetime import date, datetime, timedelta
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.json_output import to_json
from ops.cli.plot import render_horizontal_bar
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.views import print_lines, sanitize_text
from ops.usage.formats import compute_per_booking, compute_per_conversation, format_dollars, render_csv, report_to_row
from ops.usage.values import MAX_DAYS, UsageReport
from shared.spending.totals import Totals
from shared.spending.values import Cap

_USAGE = """
Examples:
  stride usage show salon-ania
  stride usage rebuild salon-ania --from 2026-11-01 --to 2026-11-30
"""

_DATE = click.DateTime(["%Y-%m-%d"])
_BAR_WIDTH = 30


@click.group(cls=GroupWithExamples, epilog=_USAGE)
def usage() -> None:
    """Show what the assistants cost: each call of a model is recorded, in nano-dollars (10^-9 US dollars)."""


_SHOW = """
Examples:
  stride usage show salon-ania
  stride usage show salon-ania --from 2026-11-01 --to 2026-11-30
  stride usage show salon-ania --csv > november.csv
  stride usage show salon-ania --json | jq .total.dollars
"""


@usage.command("show", cls=WithExamples, epilog=_SHOW)
@click.argument("tenant")
@click.option("--from", "first", type=_DATE, metavar="DATE", help="The first day.  [default: 30 days]")
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last day.  [default: today]")
@click.option("--csv", "is_csv", is_flag=True, help="Print one line for each day and model, as CSV.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show_usage(
    session: Session, /, *, tenant: str, first: datetime | None, last: datetime | None, is_csv: bool, is_json: bool
) -> None:
    """Show the costs of a business by day and model. A day is one of the business's own time zone."""
    if is_csv and is_json:
        raise click.UsageError("use either --csv or --json")

    async def run() -> UsageReport | None:
        async with session.open_usage() as costs:
            return await costs.read_report(session.operator, tenant, _to_day(first), _to_day(last))

    report = _require_report(run(), tenant)
    if is_json:
        print_lines(session.out, to_json(report_to_row(report)))
    elif is_csv:
        click.echo(render_csv(report), nl=False)
    else:
        _print_report(session, report)


_REBUILD = """
Examples:
  stride usage rebuild salon-ania --from 2026-11-25
  stride usage rebuild salon-ania --from 2026-11-01 --to 2026-11-30
"""


@usage.command("rebuild", cls=WithExamples, epilog=_REBUILD)
@click.argument("tenant")
@click.option("--from", "first", type=_DATE, metavar="DATE", required=True, help="The first day.")
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last day.  [default: the first one]")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def rebuild_usage(session: Session, /, *, tenant: str, first: datetime, last: datetime | None, is_json: bool) -> None:
    """Compute the sums of days from their usage records.

    Calls whose end nobody recorded become estimates, and what counts for the caps of these days is corrected. Workers
    may run meanwhile. Records are kept for 400 days.
    """
    start, end = first.date(), (last or first).date()
    if not timedelta(0) <= end - start < timedelta(days=MAX_DAYS):
        raise click.UsageError(f"--to must be on or after --from, and within {MAX_DAYS} days")

    async def run() -> UsageReport | None:
        async with session.open_usage() as costs:
            return await costs.rebuild(session.operator, tenant, start, end)

    report = _require_report(run(), tenant)
    if is_json:
        print_lines(session.out, to_json(report_to_row(report)))
    else:
        _print_report(session, report)


_ERASE = """
Example:
  stride usage erase salon-ania --session 8c1f...
"""


@usage.command("erase", cls=WithExamples, epilog=_ERASE)
@click.argument("tenant")
@click.option("--session", "session_id", metavar="SESSION_ID", required=True, help="The conversation.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def erase_usage(session: Session, /, *, tenant: str, session_id: str, is_json: bool) -> None:
    """Remove a conversation from its usage records, when its visitor asks to be forgotten.

    The records stay without it, so all sums stay as they are.
    """
    if not session_id.strip() or "#" in session_id:
        raise click.BadParameter("give the session id of a conversation", param_hint="--session")

    async def run() -> int | None:
        async with session.open_usage() as costs:
            return await costs.erase_session(session.operator, tenant, session_id.strip())

    count = run_async(run())
    if count is None:
        raise CommandError(f"there is no business {tenant}", NOT_DONE)
    if is_json:
        print_lines(session.out, to_json({"records": count}))
    else:
        print_lines(session.out, f"The conversation was removed from {count} usage records.")


def _require_report(coroutine: Coroutine[Any, Any, UsageReport | None], tenant: str) -> UsageReport:
    report = run_async(coroutine)
    if report is None:
        raise CommandError(f"there is no business {tenant}", NOT_DONE)
    return report


def _to_day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _print_report(session: Session, report: UsageReport) -> None:
    total = report.total
    title = f"{report.name}, {report.first.isoformat()} to {report.last.isoformat()}"
    print_lines(session.out, sanitize_text(title, "bold"), *_list_sentences(report))
    if not report.rows:
        print_lines(session.out, "No call of a model is recorded in this period.")
        return
    top = max(totals.nano_dollars for totals in report.by_day.values())
    table = Table(box=None, pad_edge=False)
    for name in ("day", "model", "cost", "calls", "tokens", "cached", "estimates"):
        table.add_column(name, justify="left" if name in {"day", "model"} else "right")
    table.add_column("")
    for row in report.rows:
        bar = render_horizontal_bar(row.totals.nano_dollars, top, _BAR_WIDTH)
        table.add_row(row.day.isoformat(), sanitize_text(row.model_id), *_list_figures(row.totals), Text(bar, "red"))
    table.add_row("all", "", *_list_figures(total), "", style="bold")
    session.out.print(table)


def _list_sentences(report: UsageReport) -> list[str]:
    average = compute_per_conversation(report.total)
    lines = [
        f"{format_dollars(report.committed[cap], digits=2)} of {format_dollars(report.caps[cap], digits=2)} {period}"
        for cap, period in ((Cap.DAY, "today"), (Cap.MONTH, "this month"))
    ]
    if report.text_messages:
        lines.append(f"{format_dollars(report.text_messages, digits=2)} today for text messages, at most")
    if average is not None:
        lines.append(f"{report.total.conversations} conversations, {format_dollars(average)} each on average")
    per_booking = compute_per_booking(report)
    if per_booking is not None:
        lines.append(f"{report.booking_count} bookings confirmed, {format_dollars(per_booking)} for each")
    return lines


def _list_figures(totals: Totals) -> list[str]:
    share = totals.cache_share
    return [
        format_dollars(totals.nano_dollars),
        f"{totals.calls}",
        f"{totals.tokens}",
        "-" if share is None else f"{share:.0%}",
        f"{totals.estimates}",
    ]
