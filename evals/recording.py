"""Answers of a model on disk: one JSON object a line, written as soon as the answer is there."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.checker import Answer
from shared.messages.server import Usage


class RecordingError(ValueError):
    """A recording is not usable; the text names the file, the line and the reason."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    case: str
    model: str
    text: str
    tools: tuple[tuple[str, dict[str, Any]], ...] = ()
    usage: Usage = Usage()
    stop_reason: str


def open_recording(path: Path) -> TextIO:
    """Create the file of a recording, and its folder.

    Raises:
        RecordingError: it exists, or cannot be created. Nothing is overwritten: a recording may have cost money.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise RecordingError(f"{path}: exists already; name another file") from error
    except OSError as error:
        raise RecordingError(f"{path}: cannot be created: {error}") from error


def write_answer(file: TextIO, case_id: str, answer: Answer) -> None:
    """Append an answer, and flush: what an interrupted run has paid for is kept."""
    line = _Line(
        case=case_id,
        model=answer.model_id,
        text=answer.text,
        tools=answer.tools,
        usage=answer.usage,
        stop_reason=answer.stop_reason,
    )
    file.write(line.model_dump_json() + "\n")
    file.flush()


def read_recording(path: Path, known: Iterable[str]) -> Mapping[str, Answer]:
    """Return the recorded answers by the id of their case; of a case that is there twice, the last one.

    A last line that was cut off is ignored, because an interrupted run leaves one.

    Raises:
        RecordingError: the file cannot be read, a line is not an answer, or no case is known.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from error
    answers: dict[str, Answer] = {}
    for number, text in enumerate(lines, start=1):
        try:
            line = _Line.model_validate_json(text)
        except ValidationError as error:
            if number == len(lines) and not text.endswith("\n"):
                break
            reason = error.errors(include_url=False)[0]["msg"]
            raise RecordingError(f"{path}, line {number}: not a recorded answer: {reason}") from error
        answers[line.case] = Answer(line.text, line.tools, line.usage, line.stop_reason, line.model)
    if not answers.keys() & set(known):
        raise RecordingError(f"{path}: has no answer to any of the cases")
    return answers
