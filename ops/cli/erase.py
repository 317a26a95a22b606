"""`stride failures erase`: erase one conversation from failures and costs when its visitor asks to be forgotten."""

from typing import Any

import click

from ops.cli.examples import WithExamples
from ops.cli.json_output import to_json
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.views import print_lines
from ops.desk.domain.values import ErasureCounts
from shared.ledger.failures import FailureState

_ERASE = """
Examples:
  stride failures erase --session 8c1f... --dry-run
  stride failures erase --session 8c1f...
  stride failures erase --session 8c1f... --yes --json

Exit code 1 if a failure could not be erased at the moment.
"""


def _parse_session_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("give the session id of a conversation, as `stride failures show ID` prints it")
    return value.strip()


@click.command("erase", cls=WithExamples, epilog=_ERASE)
@click.option(
    "--session", "session_id", required=True, metavar="SESSION_ID", callback=_parse_session_id, help="The conversation."
)
@click.option("--dry-run", is_flag=True, help="Only count what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def erase_failures(session: Session, /, *, session_id: str, dry_run: bool, yes: bool, is_json: bool) -> None:
    """Erase one conversation from failures and costs for good, when its visitor asks to be forgotten.

    The messages, the errors and all ids that lead to the visitor are deleted. The type of each message, when it failed,
    and who erased it stay in the list for 180 days, with the state `erased`. Erased messages can't be replayed. What
    the conversation cost stays in the sums, as that of nobody.
    """

    async def run() -> ErasureCounts:
        async with session.open_erasure() as erasure:
            if dry_run or not yes:
                preview = await erasure.erase_session(session.operator, session_id, dry_run=True)
                if dry_run or not (preview.total or preview.usage_records):
                    return preview
                if not click.confirm(f"Erase {_describe_counts(preview)} for good?", err=True):
                    raise CommandError("nothing was erased", NOT_DONE)
            return await erasure.erase_session(session.operator, session_id)

    counts = run_async(run())
    if is_json:
        print_lines(session.out, to_json(_counts_to_row(counts)))
    elif counts.total or counts.usage_records:
        print_lines(session.out, f"{'Would erase' if dry_run else 'Erased'} {_describe_counts(counts)}.")
    elif not counts.not_erased:
        print_lines(session.out, "This conversation has no failures, and no usage records.")
    if running := counts.by_state.get(FailureState.REPLAYING.value):
        # Its message is on a queue, and the worker that receives it does not read the ledger.
        click.echo(f"{running} replays are running and will be completed: repeat the command afterwards.", err=True)
    if counts.not_erased:
        raise CommandError(
            f"{counts.not_erased} were changed at the same time and not erased: repeat the command", NOT_DONE
        )


def _describe_counts(counts: ErasureCounts) -> str:
    queues = ", ".join(f"{count} {queue}" for queue, count in sorted(counts.by_queue.items()))
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.by_state.items()))
    parts = [
        f"{counts.total} failure{'s' if counts.total > 1 else ''} ({queues}; {states})" if counts.total else "",
        f"the conversation in {counts.usage_records} usage record{'s' if counts.usage_records > 1 else ''}"
        if counts.usage_records
        else "",
    ]
    return " and ".join(filter(None, parts))


def _counts_to_row(counts: ErasureCounts) -> dict[str, Any]:
    return {
        "failures": counts.total,
        "by_queue": dict(counts.by_queue),
        "by_state": dict(counts.by_state),
        "left": counts.not_erased,
        "usage_records": counts.usage_records,
    }
