"""`stride failures edit`: change the data of a failed message, in an editor or from a file."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ops.cli.data_file import NotDataError, parse_data_file, render_data_file
from ops.cli.examples import WithExamples
from ops.cli.failure_ids import complete_id
from ops.cli.sentences import describe_rejection
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.views import print_lines
from ops.desk.desk import Desk
from ops.desk.domain.values import Edited, FieldProblem, FieldProblemKind, Invalid, NotPossible, NotPossibleReason

_EDIT = """
Examples:
  EDITOR=nano stride failures edit 3f0c
  stride failures edit 3f0c --data corrected.yaml
  echo '{"service": "massage", "start": "2027-01-12T10:00", "contact": "ann@example.com"}' |
    stride failures edit 3f0c --data -
"""


@click.command("edit", cls=WithExamples, epilog=_EDIT)
@click.argument("failure_id", metavar="ID")
@click.option("--data", "source", metavar="FILE", help="Read the new data from a file, or from standard input with -.")
@click.pass_obj
def edit_failure(session: Session, /, *, failure_id: str, source: str | None) -> None:
    """Change the data of a failed message, in $EDITOR or from a file; replay it afterwards.

    Only the payload's `data` can be changed; it is checked before it is stored. The editor shows personal data, which
    is recorded in the audit trail.
    """
    text = _read_source(source) if source else None

    async def run() -> Edited | None:
        async with session.open_desk() as desk:
            whole_id = await complete_id(desk, session.operator, failure_id)
            if text is None:
                return await _edit_in_editor(session, desk, whole_id)
            outcome = await _apply_edit(session, desk, whole_id, text)
            if isinstance(outcome, Invalid):
                raise CommandError(f"nothing was changed: {_join_problems(outcome.problems)}", NOT_DONE)
            return outcome

    edited = run_async(run())
    if edited is None or not edited.fields:
        print_lines(session.out, "Nothing was changed.")
    else:
        print_lines(
            session.out, f"Changed {', '.join(edited.fields)}. `stride failures retry {failure_id}` replays it."
        )


async def _edit_in_editor(session: Session, desk: Desk, failure_id: str) -> Edited | None:
    """Return the edit, or None if the operator changed nothing."""
    details = await desk.show_failure(session.operator, failure_id, unmasked=True)
    if details is None or details.data is None:
        reason = NotPossibleReason.NOT_EDITABLE if details else NotPossibleReason.UNKNOWN
        raise CommandError(describe_rejection(failure_id, NotPossible(reason)), NOT_DONE)
    text = render_data_file(details.data, details.failure)
    while written := click.edit(text, extension=".yaml"):
        outcome = await _apply_edit(session, desk, failure_id, written)
        if isinstance(outcome, Edited):
            return outcome
        print_lines(session.err, _join_problems(outcome.problems))
        if not click.confirm("Edit it again?", default=True, err=True):
            return None
        text = _prepend_problems(written, outcome.problems)
    return None


async def _apply_edit(session: Session, desk: Desk, failure_id: str, text: str) -> Edited | Invalid:
    try:
        data = parse_data_file(text)
    except NotDataError as error:
        return Invalid({"": FieldProblem(FieldProblemKind.INVALID, str(error))})
    outcome = await desk.edit_failure(session.operator, failure_id, data)
    if isinstance(outcome, NotPossible):
        raise CommandError(describe_rejection(failure_id, outcome), NOT_DONE)
    return outcome


def _prepend_problems(written: str, problems: Mapping[str, FieldProblem]) -> str:
    """Return the written text below comments that list its problems."""
    text_lines = [line for line in written.splitlines() if not line.startswith("# !")]
    problem_lines = [f"# ! {name or 'data'}: {problem.text}" for name, problem in problems.items()]
    return "\n".join([*problem_lines, *text_lines]) + "\n"


def _read_source(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{source} can't be read: {type(error).__name__}", NOT_DONE) from None


def _join_problems(problems: Mapping[str, FieldProblem]) -> str:
    return "; ".join(f"{name or 'data'}: {problem.text}" for name, problem in problems.items())
