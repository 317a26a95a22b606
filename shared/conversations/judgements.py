"""Visitors' judgements of the assistant's answers (`chat.feedback`): the values, and what may be judged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.messages.server import ChatFinal, ServerFrame

Verdict = Literal["up", "down"]

ERASED_VERDICT = "erased"
"""Of an answer whose conversation was erased: no judgement replaces it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a visitor thinks of one answer; a later judgement replaces it."""

    verdict: Verdict
    reason: str
    """As the visitor wrote it, at most `MAX_NOTE_CHARACTERS`; empty if there is none."""
    at: datetime


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer with its judgement, among those of a business."""

    session_id: str
    seq: int
    text: str
    judgement: Judgement


def is_assistants_answer(frame: ServerFrame) -> bool:
    """Return whether a frame is an answer that the assistant wrote: no staff answer, and no announcement."""
    return isinstance(frame, ChatFinal) and frame.data.by is None and frame.data.announces is None
