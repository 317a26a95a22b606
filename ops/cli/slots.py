"""`stride slots explain`: why a time is offered to visitors, or not."""

from collections.abc import Iterator
from dataclasses import asdict

import click
from rich.text import Text

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.json_output import to_json
from ops.cli.sentences import TIME_PROBLEMS, describe_block
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.times import format_in_business_zone
from ops.cli.views import print_lines, sanitize_text
from shared.errors import PermanentError
from workers.booking.facade import TimeExplanation, TimeProblem

_SLOTS = """
Examples:
  stride slots explain salon-ania massage 2026-12-01T14:00
"""


@click.group(cls=GroupWithExamples, epilog=_SLOTS)
def slots() -> None:
    """Inspect the times that visitors are offered."""


_EXPLAIN = """
Exit code 0 if the time is offered, 1 if it is not.

Examples:
  stride slots explain salon-ania massage 2026-12-01T14:00
  stride slots explain salon-ania massage "2026-12-01 14:00"
  stride slots explain salon-ania massage 2026-10-25T02:30+01:00
  stride slots explain salon-ania massage 2026-12-01T14:00 --json | jq '.blocks[].rule'
"""


@slots.command("explain", cls=WithExamples, epilog=_EXPLAIN)
@click.argument("tenant")
@click.argument("service")
@click.argument("time")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def explain_slot(session: Session, /, *, tenant: str, service: str, time: str, is_json: bool) -> None:
    """Name every rule that keeps a visitor from booking TIME, and what occupies it.

    TIME is a local time of the business, unless it has an offset. Relaxing all rules that are named frees the time. The
    calendars are read anew; nothing is changed.
    """
    explanation = run_async(_read_explanation(session, tenant, service, time))
    if not isinstance(explanation, TimeExplanation):
        raise CommandError(TIME_PROBLEMS[explanation].format(service=service, time=time), NOT_DONE)
    if is_json:
        blocks = [block._asdict() for block in explanation.blocks]
        print_lines(session.out, to_json({**asdict(explanation), "blocks": blocks}))
    else:
        print_lines(session.out, *_render_explanation(explanation))
    if explanation.blocks:
        raise SystemExit(NOT_DONE)


async def _read_explanation(session: Session, tenant: str, service: str, time: str) -> TimeExplanation | TimeProblem:
    async with session.open_booking() as booking:
        try:
            return await booking.explain_time(tenant, service, time, now=session.clock.now())
        except PermanentError as error:
            if error.reason == "unknown_tenant":
                raise CommandError(f"there is no business {tenant}", NOT_DONE) from None
            raise


def _render_explanation(explanation: TimeExplanation) -> Iterator[Text]:
    yield sanitize_text(f"{explanation.service}, {format_in_business_zone(explanation.start)}", "bold")
    if not explanation.blocks:
        lanes = ", ".join(explanation.free_lanes)
        yield Text("  OFFERED ", style="green") + sanitize_text(f"free: {lanes}")
    for block in explanation.blocks:
        yield Text("  BLOCKED ", style="bold red") + sanitize_text(describe_block(block))
    for one in explanation.occupied_by:
        times = f"{format_in_business_zone(one.start)} to {format_in_business_zone(one.end)}"
        yield sanitize_text(f"          {one.kind} {one.id}{f' ({one.lane})' if one.lane else ''}: {times}")
