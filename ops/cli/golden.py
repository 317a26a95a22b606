"""`stride golden`: turn an answer into a draft of a golden case."""

from pathlib import Path

import click

from ops.answers.golden_draft import KINDS, LANGUAGES, DraftProblem, GoldenDraft
from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.json_output import to_json
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.views import print_lines

_PROBLEMS = {
    DraftProblem.NO_CONVERSATION: "the business has no such conversation: take the id from `stride answers judged`",
    DraftProblem.NO_ANSWER: "no answer of the assistant has this number: take it from `stride answers judged`",
    DraftProblem.NO_QUESTION: "the visitor's message to this answer is not there any more",
    DraftProblem.LANGUAGE: f"golden cases have other languages: give --language, one of {', '.join(LANGUAGES)}",
}

_GOLDEN = """
Examples:
  stride golden add salon-ania --session 8c1f... --seq 12
"""


@click.group(cls=GroupWithExamples, epilog=_GOLDEN)
def golden() -> None:
    """Make golden cases of conversations: what the assistant must answer from now on (evals/README.md)."""


_ADD = """
The file is a draft: what only you know is marked with FIX. `make eval ARGS="--cases evals/drafts"` checks drafts.

Examples:
  stride golden add salon-ania --session 8c1f... --seq 12
  stride golden add salon-ania --session 8c1f... --seq 12 --kind unknown --language en --dry-run
"""


@golden.command("add", cls=WithExamples, epilog=_ADD)
@click.argument("tenant")
@click.option("--session", "session_id", metavar="SESSION_ID", required=True, help="The conversation.")
@click.option("--seq", type=click.IntRange(1, 2**53 - 1), required=True, help="The number of the answer in it.")
@click.option(
    "--kind", type=click.Choice(KINDS), default="fact", show_default=True, help="What kind of answer is right."
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the visitor.  [default: that of the business]")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("evals/drafts"),
    show_default=True,
    help="The folder of the file.",
)
@click.option("--dry-run", is_flag=True, help="Print the draft, and write nothing.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add_golden_case(
    session: Session,
    /,
    *,
    tenant: str,
    session_id: str,
    seq: int,
    kind: str,
    language: str | None,
    folder: Path,
    dry_run: bool,
    is_json: bool,
) -> None:
    """Write a draft of a golden case from an answer: the question, what was said before, and the answer as a comment.

    E-mail addresses, telephone and other long numbers, and the names with which visitors introduce themselves are
    masked. Read the draft before you commit it: other names stay.
    """

    async def run() -> GoldenDraft | DraftProblem | None:
        async with session.open_answers() as opened:
            return await opened.draft_golden_case(
                session.operator, tenant, session_id.strip(), seq, kind=kind, language=language
            )

    draft = run_async(run())
    if draft is None:
        raise CommandError(f"there is no business {tenant}", NOT_DONE)
    if isinstance(draft, DraftProblem):
        raise CommandError(_PROBLEMS[draft], NOT_DONE)
    path = None if dry_run else _write_draft(draft, folder)
    if is_json:
        print_lines(
            session.out, to_json({"id": draft.case_id, "path": str(path) if path else None, "text": draft.text})
        )
    elif dry_run:
        click.echo(draft.text, nl=False)
    else:
        print_lines(session.out, f"The draft is {path}: fix what is marked with FIX.")


def _write_draft(draft: GoldenDraft, folder: Path) -> Path:
    path = folder / f"{draft.case_id}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(draft.text)
    except FileExistsError:
        raise CommandError(
            f"{path} is there already: delete it, or write to another folder with --to", NOT_DONE
        ) from None
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}", NOT_DONE) from None
    return path
