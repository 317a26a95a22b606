"""Drafts a golden case (`evals/README.md`) of a conversation; pure.

The draft is what the checker of the golden conversations reads, with everything that only a person knows marked by
`FIX`. Nothing here imports that checker, which is no part of the installed package.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import yaml

from shared.conversations.judgements import Judgement, is_assistants_answer
from shared.conversations.takeover import ConversationTail
from shared.ids import compute_fingerprint
from shared.masking import mask_typed_text
from shared.messages.server import ChatFinal, ChatSent, ServerFrame

LANGUAGES = ("pl", "en")
KINDS = (*("fact", "booking", "unknown", "off_topic", "attack", "complaint", "person", "medical", "legal", "courtesy"),)
"""The kinds of answers of golden cases."""

_MAX_EXCHANGES = 6
_COMMENT_WIDTH = 110


class DraftProblem(StrEnum):
    """Why there is no draft."""

    NO_CONVERSATION = "no_conversation"
    NO_ANSWER = "no_answer"
    NO_QUESTION = "no_question"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class GoldenDraft:
    """A file with one case."""

    case_id: str
    text: str
    """YAML, with comments."""


def build_draft(
    tail: ConversationTail, session_id: str, seq: int, *, tenant: str, language: str, kind: str
) -> GoldenDraft | DraftProblem:
    """Return the draft of the answer with this number; `tail` has the frames up to it."""
    if language not in LANGUAGES:
        return DraftProblem.LANGUAGE
    answer = next((frame for frame in tail.frames if frame.seq == seq), None)
    if not isinstance(answer, ChatFinal) or not is_assistants_answer(answer):
        return DraftProblem.NO_ANSWER
    asked = [frame for frame in tail.frames if isinstance(frame, ChatSent) and frame.re == answer.re]
    if not asked or answer.re is None:
        return DraftProblem.NO_QUESTION
    before = [frame for frame in tail.frames if (frame.seq or 0) < (asked[-1].seq or 0)]
    case_id = f"{tenant}-{language}-draft-{compute_fingerprint(f'{session_id}#{seq}')[:8]}"
    text = "\n".join(
        [
            *_describe(answer, tail.judgements.get(seq)),
            *_write_head(answer, tenant, language),
            "cases:",
            *_write_case(case_id, kind, asked[-1].data.text, _list_exchanges(before)),
        ]
    )
    return GoldenDraft(case_id, f"{text}\n")


def _describe(answer: ChatFinal, judgement: Judgement | None) -> Iterator[str]:
    yield from _comment("A draft of a golden case; e-mail addresses, numbers and names of introductions are masked.")
    yield from _comment("Fix what is marked with FIX, read everything else, and move it to the cases of the business.")
    if judgement:
        yield from _comment(f"The visitor's verdict on {judgement.at.date().isoformat()}: {judgement.verdict}")
        if judgement.reason:
            yield from _comment(f"The visitor's reason: {mask_typed_text(judgement.reason)}")
    yield from _comment("The answer was:")
    for row in mask_typed_text(answer.data.text).splitlines():
        yield from _comment(f"  {row}")
    for action in answer.data.actions:
        yield from _comment(f"  It opened the booking form: {action.model_dump_json(exclude_none=True)}")


def _write_head(answer: ChatFinal, tenant: str, language: str) -> Iterator[str]:
    usage = answer.data.usage
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    yield from _dump({"tenant": tenant})
    yield "# FIX: without a folder of this name in evals/tenants/, copy the profile and the documents to one."
    yield from _dump({"language": language})
    yield "contact: {}  # FIX: the numbers and links of the business that each answer may name"
    yield f"max_input_tokens: {max(prompt, 1)}  # FIX: a bound; this is what the prompt of the answer had"
    yield f"max_output_tokens: {max(usage.output_tokens, 1)}  # FIX: a bound; this is what the answer had"


def _write_case(case_id: str, kind: str, text: str, exchanges: Sequence[dict[str, str]]) -> Iterator[str]:
    first, *more = _dump({"id": case_id})
    yield from (f"  - {first}", *(f"    {row}" for row in more))
    yield f"    kind: {kind}  # FIX: {', '.join(KINDS)}"
    content: dict[str, object] = {"ask": mask_typed_text(text)}
    if exchanges:
        content["earlier"] = list(exchanges)
    yield from (f"    {row}" for row in _dump(content))
    yield "    # FIX: the conversation takes place on Monday, 2026-11-30, at 10:00 in Warsaw: dates have to fit."
    yield "    # FIX: what the answer must state, such as prices: [220 zł], times, phones, links, says, never, and the"
    yield "    # input of the booking form as tool: {service: ..., date: ...}, if it should be opened."


def _list_exchanges(frames: Sequence[ServerFrame]) -> list[dict[str, str]]:
    """Return the last exchanges of the visitor with the assistant, masked."""
    answers = {frame.re: frame for frame in frames if isinstance(frame, ChatFinal) and is_assistants_answer(frame)}
    exchanges = [
        {"visitor": mask_typed_text(frame.data.text), "assistant": mask_typed_text(answer.data.text)}
        for frame in frames
        if isinstance(frame, ChatSent) and (answer := answers.get(frame.re)) and answer.data.text
    ]
    return exchanges[-_MAX_EXCHANGES:]


def _dump(content: dict[str, object]) -> list[str]:
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=_COMMENT_WIDTH)
    return text.splitlines()


def _comment(text: str) -> Iterator[str]:
    """Yield a text as lines of comments; whatever YAML or Python takes for an end of a line ends one here."""
    for row in text.splitlines():
        printable = "".join(character if character.isprintable() else " " for character in row)
        yield f"# {printable.rstrip()}"
