"""`stride failures erase`: what failed of one conversation is erased, because its person asks to be forgotten."""

from typing import Any

import click

from ops.cli.examples import WithExamples
from ops.cli.plain import as_json
from ops.cli.session import NOT_DONE, Session, TroubleError, carried_out
from ops.cli.views import print_lines
from ops.desk.domain.values import Erased
from shared.ledger.failures import FailureState

_ERASE = """
Examples:
  stride failures erase --session 8c1f... --dry-run
  stride failures erase --session 8c1f...
  stride failures erase --session 8c1f... --yes --json

Exit code 1 if something is left that could not be erased at the moment.
"""


def _named(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("name the conversation: `stride failures show ID` says its session")
    return value.strip()


@click.command(cls=WithExamples, epilog=_ERASE)
@click.option("--session", "session_id", required=True, metavar="SESSION_ID", callback=_named, help="Whose failures.")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def erase(session: Session, /, *, session_id: str, dry_run: bool, yes: bool, is_json: bool) -> None:
    """Erase what failed of one conversation, for good: its person asks to be forgotten.

    What they said, the errors and every id that leads to them go. What kind of message it was, when it failed, and
    who erased it stay in the list for 180 days, as `erased`. Nothing of it can be replayed any more.
    """

    async def run() -> Erased:
        async with session.open_erasing() as erasing:
            if dry_run or not yes:
                there = await erasing.session(session.operator, session_id, dry_run=True)
                if dry_run or not there.total:
                    return there
                if not click.confirm(f"Erase {_counted(there)} for good?", err=True):
                    raise TroubleError("nothing was erased", NOT_DONE)
            return await erasing.session(session.operator, session_id)

    done = carried_out(run())
    if is_json:
        print_lines(session.out, as_json(_row(done)))
    elif done.total:
        print_lines(session.out, f"{'Would erase' if dry_run else 'Erased'} {_counted(done)}.")
    elif not done.left:
        print_lines(session.out, "There is no failure of this conversation.")
    if under_way := done.by_state.get(FailureState.REPLAYING.value):
        # Its message is on a queue, and a worker that has it knows nothing of the ledger.
        click.echo(f"{under_way} being replayed will be carried out all the same: do it again after that.", err=True)
    if done.left:
        raise TroubleError(f"{done.left} changed at this moment and were not erased: do it again", NOT_DONE)


def _counted(erased: Erased) -> str:
    queues = ", ".join(f"{count} {queue}" for queue, count in sorted(erased.by_queue.items()))
    states = ", ".join(f"{count} {state}" for state, count in sorted(erased.by_state.items()))
    return f"{erased.total} failure{'s' if erased.total > 1 else ''} ({queues}; {states})"


def _row(erased: Erased) -> dict[str, Any]:
    return {
        "failures": erased.total,
        "by_queue": dict(erased.by_queue),
        "by_state": dict(erased.by_state),
        "left": erased.left,
    }
