"""`stride failures edit`: change what a failed message says, in an editor or from a file."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ops.cli.data_file import NotDataError, from_text, to_text
from ops.cli.examples import WithExamples
from ops.cli.sentences import refused
from ops.cli.session import NOT_DONE, Session, TroubleError, carried_out
from ops.cli.views import print_lines
from ops.desk.desk import Desk
from ops.desk.domain.values import Edited, FieldProblem, FieldProblemKind, Invalid, NotPossible, Why

_EDIT = """
Examples:
  EDITOR=nano stride failures edit 3f0c...
  stride failures edit 3f0c... --data corrected.yaml
  echo '{"service": "massage", "start": "2027-01-12T10:00", "contact": "ann@example.com"}' |
    stride failures edit 3f0c... --data -
"""


@click.command(cls=WithExamples, epilog=_EDIT)
@click.argument("failure_id", metavar="ID")
@click.option("--data", "source", metavar="FILE", help="Take the new data from a file, or with - from standard input.")
@click.pass_obj
def edit(session: Session, /, *, failure_id: str, source: str | None) -> None:
    """Change what a failed message says, in $EDITOR or from a file; replay it afterwards.

    Only the payload's `data` can be changed; it is checked before it is kept. The editor shows personal data, and
    that you looked is on record.
    """
    text = _text_of(source) if source else None

    async def run() -> Edited | None:
        async with session.open_desk() as desk:
            if text is None:
                return await _in_editor(session, desk, failure_id)
            outcome = await _tried(session, desk, failure_id, text)
            if isinstance(outcome, Invalid):
                raise TroubleError(f"not changed; {_listed(outcome.problems)}", NOT_DONE)
            return outcome

    edited = carried_out(run())
    if edited is None or not edited.fields:
        print_lines(session.out, "Nothing was changed.")
    else:
        print_lines(
            session.out, f"Changed {', '.join(edited.fields)}. `stride failures retry {failure_id}` replays it."
        )


async def _in_editor(session: Session, desk: Desk, failure_id: str) -> Edited | None:
    """Return what came of it; None if the person left everything as it was."""
    case = await desk.show(session.operator, failure_id, unmasked=True)
    if case is None or case.data is None:
        raise TroubleError(refused(failure_id, NotPossible(Why.NOT_EDITABLE if case else Why.UNKNOWN)), NOT_DONE)
    text = to_text(case.data, case.failure)
    while written := click.edit(text, extension=".yaml"):
        outcome = await _tried(session, desk, failure_id, written)
        if isinstance(outcome, Edited):
            return outcome
        print_lines(session.err, _listed(outcome.problems))
        if not click.confirm("Edit it again?", default=True, err=True):
            return None
        text = _with_problems(written, outcome.problems)
    return None


async def _tried(session: Session, desk: Desk, failure_id: str, text: str) -> Edited | Invalid:
    try:
        data = from_text(text)
    except NotDataError as error:
        return Invalid({"": FieldProblem(FieldProblemKind.INVALID, str(error))})
    outcome = await desk.edit(session.operator, failure_id, data)
    if isinstance(outcome, NotPossible):
        raise TroubleError(refused(failure_id, outcome), NOT_DONE)
    return outcome


def _with_problems(written: str, problems: Mapping[str, FieldProblem]) -> str:
    """Return the text as it was written, below what is wrong with it."""
    kept = [line for line in written.splitlines() if not line.startswith("# !")]
    told = [f"# ! {name or 'the whole'}: {problem.text}" for name, problem in problems.items()]
    return "\n".join([*told, *kept]) + "\n"


def _text_of(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TroubleError(f"{source} can't be read: {type(error).__name__}", NOT_DONE) from None


def _listed(problems: Mapping[str, FieldProblem]) -> str:
    return "; ".join(f"{name or 'the whole'}: {problem.text}" for name, problem in problems.items())
