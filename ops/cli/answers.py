"""`stride answers`: what visitors think of answers, which questions have none, and who waits for a person."""

from collections.abc import Coroutine
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

import click
from rich.table import Table

from ops.answers.values import JudgedReport, QuestionsReport, WaitingReport
from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.json_output import to_json
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.times import format_local
from ops.cli.views import print_lines, sanitize_text
from shared.conversations.handover import Handover
from shared.conversations.judgements import JudgedAnswer
from shared.masking import mask_typed_text

T = TypeVar("T")

_ANSWERS = """
Examples:
  stride answers judged salon-ania
  stride answers unanswered salon-ania --month 2026-11
  stride answers waiting salon-ania
"""

_SHORT_CHARACTERS = 90


@click.group(cls=GroupWithExamples, epilog=_ANSWERS)
def answers() -> None:
    """List the answers that visitors have judged, the questions without one, and the visitors who wait for a person."""


_JUDGED = """
Examples:
  stride answers judged salon-ania
  stride answers judged salon-ania --json | jq '.answers[] | select(.verdict == "down") | .reason'
"""


@answers.command("judged", cls=WithExamples, epilog=_JUDGED)
@click.argument("tenant")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_judged(session: Session, /, *, tenant: str, is_json: bool) -> None:
    """List the answers that visitors have judged, the worst first.

    Addresses, numbers and names of introductions are masked; the desk in the browser shows the conversation.
    """

    async def run() -> JudgedReport | None:
        async with session.open_answers() as opened:
            return await opened.list_judged(session.operator, tenant)

    report = _require(run(), tenant)
    if is_json:
        rows = [_judged_to_row(answer) for answer in report.answers]
        print_lines(session.out, to_json({"tenant": tenant, "answers": rows, "has_more": report.has_more}))
        return
    if not report.answers:
        print_lines(session.out, "No visitor has judged an answer.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("verdict", "judged", "session", "seq", "answer", "reason"):
        table.add_column(name, no_wrap=name in {"session", "seq"})
    for answer in report.answers:
        row = _judged_to_row(answer)
        at = format_local(answer.judgement.at)
        cells = (row["verdict"], at, row["session_id"], row["seq"], _shorten(row["answer"]), row["reason"])
        table.add_row(*map(sanitize_text, cells))
    session.out.print(table)


_UNANSWERED = """
Examples:
  stride answers unanswered salon-ania
  stride answers unanswered salon-ania --month 2026-11 --json | jq '.questions[0]'
"""


@answers.command("unanswered", cls=WithExamples, epilog=_UNANSWERED)
@click.argument("tenant")
@click.option("--month", type=click.DateTime(["%Y-%m"]), metavar="MONTH", help="The month.  [default: the current one]")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_unanswered(session: Session, /, *, tenant: str, month: datetime | None, is_json: bool) -> None:
    """List the questions of a month that neither documents nor profile answer, the most frequent first.

    Questions with the same words are one line, with one of them as an example.
    """

    async def run() -> QuestionsReport | None:
        async with session.open_answers() as opened:
            return await opened.list_unanswered(session.operator, tenant, month.date() if month else None)

    report = _require(run(), tenant)
    questions = report.questions
    if is_json:
        rows = [asdict(group) for group in questions.groups]
        content = {"tenant": tenant, "month": f"{report.month:%Y-%m}", "questions": rows, "others": questions.others}
        print_lines(session.out, to_json(content))
        return
    print_lines(session.out, sanitize_text(f"{report.name}, {report.month:%Y-%m}", "bold"))
    if not questions.groups:
        print_lines(session.out, "Every question was answered.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("times", justify="right")
    for name in ("last asked", "language", "example"):
        table.add_column(name)
    for group in questions.groups:
        at = format_local(group.last_at)
        table.add_row(*map(sanitize_text, (group.times, at, group.language, group.example)))
    session.out.print(table)
    if questions.others:
        print_lines(session.out, f"{questions.others} more, which are only counted")


_WAITING = """
Examples:
  stride answers waiting salon-ania
  stride answers waiting salon-ania --json | jq '.waiting | length'
"""


@answers.command("waiting", cls=WithExamples, epilog=_WAITING)
@click.argument("tenant")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_waiting(session: Session, /, *, tenant: str, is_json: bool) -> None:
    """List the visitors who wait for a person, the longest wait first.

    Notes are masked, and of a contact there is only whether the visitor gave one: the desk in the browser shows both.
    Whoever answers or takes over there ends the wait.
    """

    async def run() -> WaitingReport | None:
        async with session.open_answers() as opened:
            return await opened.list_waiting(session.operator, tenant)

    report = _require(run(), tenant)
    rows = [_waiting_to_row(session_id, handover) for session_id, handover in report.waiting.items()]
    if is_json:
        print_lines(session.out, to_json({"tenant": tenant, "waiting": rows, "has_more": report.has_more}))
        return
    if not rows:
        print_lines(session.out, "No visitor waits for a person.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("since", "session", "requests", "contact", "note"):
        table.add_column(name, no_wrap=name == "session", overflow="fold")
    for row in rows:
        contact = "yes" if row["has_contact"] else "no"
        cells = (format_local(row["since"]), row["session_id"], row["requests"], contact, _shorten(row["note"]))
        table.add_row(*map(sanitize_text, cells))
    session.out.print(table)


def _waiting_to_row(session_id: str, handover: Handover) -> dict[str, Any]:
    notes = [request.note for request in handover.requests if request.note]
    return {
        "session_id": session_id,
        "since": handover.waiting_since,
        "requests": len(handover.requests),
        "has_contact": any(request.contact for request in handover.requests),
        "note": mask_typed_text(notes[-1]) if notes else "",
    }


def _judged_to_row(answer: JudgedAnswer) -> dict[str, Any]:
    return {
        "verdict": answer.judgement.verdict,
        "judged_at": answer.judgement.at,
        "session_id": answer.session_id,
        "seq": answer.seq,
        "answer": mask_typed_text(answer.text),
        "reason": mask_typed_text(answer.judgement.reason),
    }


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHORT_CHARACTERS else f"{flat[:_SHORT_CHARACTERS]}…"


def _require(coroutine: Coroutine[Any, Any, T | None], tenant: str) -> T:
    report = run_async(coroutine)
    if report is None:
        raise CommandError(f"there is no business {tenant}", NOT_DONE)
    return report
