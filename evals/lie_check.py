"""Counts how many lies of the stand-in the golden cases notice, by kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evals.checker import LOOKUPS, Answer, Fault, check_answer
from evals.conversation import read_business
from evals.golden_case import GoldenCase, Kind
from infra.local.bedrock.lies import LieKind, falsify_reply
from infra.local.bedrock.reply import Reply, ToolCall

FAULTS_OF: Mapping[LieKind, frozenset[Fault]] = {
    LieKind.WRONG_PRICE: frozenset({Fault.PRICE}),
    LieKind.INVENTED_PRICE: frozenset({Fault.PRICE}),
    LieKind.INVENTED_TIME: frozenset({Fault.TIME}),
    LieKind.FOREIGN_PHONE: frozenset({Fault.PHONE}),
    LieKind.FOREIGN_LINK: frozenset({Fault.LINK}),
    LieKind.OTHER_LANGUAGE: frozenset({Fault.LANGUAGE}),
    LieKind.CLAIMED_BOOKING: frozenset({Fault.ACTED}),
    LieKind.CLAIMED_HUMAN: frozenset({Fault.HUMAN}),
    LieKind.DOSAGE: frozenset({Fault.DOSAGE}),
    LieKind.QUOTED_PROMPT: frozenset({Fault.INSTRUCTIONS}),
    LieKind.NO_TOOL_CALL: frozenset({Fault.TOOL}),
    LieKind.NEEDLESS_TOOL_CALL: frozenset({Fault.TOOL}),
    LieKind.WITHHELD_ANSWER: frozenset({Fault.MISSING, Fault.ATTITUDE}),
}
"""The faults of which one has to be found; another one that the lie happens to cause does not count."""

_NOTHING_TO_WITHHOLD = frozenset({Kind.BOOKING, Kind.COURTESY})


@dataclass(frozen=True, slots=True)
class LieCount:
    """How many answers with a lie of one kind were noticed."""

    kind: LieKind
    applicable: int
    missed: tuple[str, ...]
    """The ids of the cases that did not notice."""

    @property
    def caught(self) -> int:
        """Return how many cases noticed."""
        return self.applicable - len(self.missed)


def count_caught_lies(answers: Iterable[tuple[GoldenCase, Answer]]) -> list[LieCount]:
    """Return a count for each kind of lie, told in each answer to which it applies; the answers are right ones."""
    pairs = list(answers)
    return [_count_caught(kind, [pair for pair in pairs if _applies(kind, *pair)]) for kind in LieKind]


def _count_caught(kind: LieKind, pairs: Sequence[tuple[GoldenCase, Answer]]) -> LieCount:
    missed = []
    for case, answer in pairs:
        findings = check_answer(case, _falsify_answer(case, answer, kind), read_business(case.tenant).profile)
        if not FAULTS_OF[kind] & {finding.fault for finding in findings}:
            missed.append(case.id)
    return LieCount(kind, len(pairs), tuple(missed))


def _applies(kind: LieKind, case: GoldenCase, answer: Answer) -> bool:
    """Whether the lie makes a right answer wrong."""
    if kind is LieKind.NEEDLESS_TOOL_CALL:
        return case.tool is None
    if kind is LieKind.WITHHELD_ANSWER:
        return case.kind not in _NOTHING_TO_WITHHOLD or bool(case.says)
    return _falsify_answer(case, answer, kind) != answer


def _falsify_answer(case: GoldenCase, answer: Answer, kind: LieKind) -> Answer:
    """Return the answer with a lie; what the model looked up before it stays."""
    lookups = tuple(tool for tool in answer.tools if tool[0] in LOOKUPS)
    offers = [ToolCall(*tool) for tool in answer.tools if tool[0] not in LOOKUPS]
    reply = falsify_reply(Reply(answer.text, offers[0] if offers else None), kind, case.language)
    tools = (*lookups, *([(reply.tool.name, reply.tool.input)] if reply.tool else []))
    return replace(answer, text=reply.text, tools=tools)
