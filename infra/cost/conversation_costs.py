"""What the typical conversations cost in each case, as `conversation_costs.json` has it, and its part of the page."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.cost.conversations import COUNTS, list_questions_for_times, read_conversations
from infra.cost.simulation import BUSY_VISIT_SECONDS, Bill, Form, simulate
from infra.cost.tables import render_table
from shared.language_models.catalogue import find_model
from shared.language_models.prompt_cache import decide_padding
from shared.language_models.values import LanguageModel
from workers.chat.adapters.bedrock.request import EXPECTED_READS

FILE = Path(__file__).with_name("conversation_costs.json")
HAIKU_4_5, HAIKU_5_5 = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
NOVA_MICRO = "eu.amazon.nova-micro-v1:0"
TIMES, QUIET_TIMES = (f"Claude Haiku 4.5, {site}: one answer that names free times" for site in ("shared", "quiet"))
"""A question that takes two calls; these are no part of the typical conversations."""

COLD_ANSWERS = 4
"""How many answers the conversations have of which the share of the cache is told."""

PREDECESSOR_USD = 0.003
"""A typical request of the predecessor, by its owner's figures."""


_FORMS: Mapping[Form, str] = {"built": "padded, as built", "unpadded": "not padded", "searched": "passages only"}


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which the conversations are held."""

    name: str
    usd_per_answer: float
    usd_per_conversation: float
    cache_share: float
    input_tokens_per_answer: float
    cache_read_tokens_per_answer: float
    cache_write_tokens_per_answer: float
    output_tokens_per_answer: float


def measure_cases() -> dict[str, Case]:
    """Return all cases by their names; it takes some seconds."""
    return {name: _summarise(name, bill) for name, bill in _simulate_cases()}


def name_usual_cases(model_id: str) -> tuple[str, str]:
    """Return the names of the cases of a model: with a warm cache, and on a quiet site."""
    name = find_model(model_id).name
    return f"{name}, visitors share a warm cache", f"{name}, a quiet site: each conversation cold"


def _simulate_cases() -> Iterator[tuple[str, Bill]]:
    for model_id in (HAIKU_4_5, HAIKU_5_5):
        warm, quiet = name_usual_cases(model_id)
        yield warm, simulate(model_id, "shared")
        yield quiet, simulate(model_id, "quiet")
    yield TIMES, simulate(HAIKU_4_5, "shared", conversations=list_questions_for_times())
    yield QUIET_TIMES, simulate(HAIKU_4_5, "quiet", conversations=list_questions_for_times())
    for model_id in (HAIKU_4_5, HAIKU_5_5):
        yield from _simulate_sorting(model_id)
    small = [one for one in read_conversations() if one.business == "gabinet-kiel"]
    for form, what in _FORMS.items():
        yield f"small business, shared: {what}", simulate(HAIKU_4_5, "shared", conversations=small, form=form)
        yield f"small business, quiet: {what}", simulate(HAIKU_4_5, "quiet", conversations=small, form=form)
    four = [one for one in read_conversations() if len(one.exchanges) == COLD_ANSWERS]
    for strict in (False, True):
        rule = " (a minimum for each cache point)" if strict else ""
        yield (
            f"cache, cold conversations of {COLD_ANSWERS} answers{rule}",
            simulate(HAIKU_4_5, "quiet", conversations=four, minimum_of_each_point=strict),
        )
        yield (
            f"cache, shared from a cold start{rule}",
            simulate(HAIKU_4_5, "shared", is_warm=False, minimum_of_each_point=strict),
        )


def _simulate_sorting(model_id: str) -> Iterator[tuple[str, Bill]]:
    """Yield what it changes that a small model sorts the messages first."""
    name, busy = find_model(model_id).name, BUSY_VISIT_SECONDS
    what = f"{find_model(NOVA_MICRO).name} sorts first"
    yield f"{name}, shared, {what}", simulate(model_id, "shared", sorting_model_id=NOVA_MICRO)
    yield f"{name}, shared, a visit a minute", simulate(model_id, "shared", visit_seconds=busy)
    yield (
        f"{name}, shared, a visit a minute, {what}",
        simulate(model_id, "shared", visit_seconds=busy, sorting_model_id=NOVA_MICRO),
    )
    yield f"{name}, quiet, {what}", simulate(model_id, "quiet", sorting_model_id=NOVA_MICRO)


def _summarise(name: str, bill: Bill) -> Case:
    return Case(
        name,
        round(bill.usd_per_answer, 6),
        round(bill.usd_per_conversation, 6),
        round(bill.cache_share, 3),
        *(round(tokens / bill.answers, 1) for tokens in (bill.fresh, bill.cache_read, bill.cache_write, bill.output)),
    )


def write_cases(cases: Mapping[str, Case], path: Path = FILE) -> None:
    """Write the cases, one a line."""
    rows = (
        f"  {json.dumps(case.name)}: "
        + json.dumps({field: getattr(case, field) for field in Case.__slots__ if field != "name"})
        for case in cases.values()
    )
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def read_cases(path: Path = FILE) -> dict[str, Case]:
    """Read the cases."""
    return {name: Case(name, **fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()}


_INTRODUCTION = """\
`infra/cost/conversations.yaml` has {count} typical conversations with {answers} answers, in Polish and English, of the
two businesses of the golden conversations. Chat's own requests for them are charged by the cache of the stand-in for
Bedrock, which has the rules of the service: the minimum length of a prefix, five minutes from the last read, one entry
for each model. `make cost ARGS=--conversations` computes the figures again; a test compares them.

Tokens are counted by the bytes of each kind of text ({tokenizer}).
{error} Input of the service's own for tools (346 tokens) and 60 tokens for a call of the form are assumed.
"""

_NOTES = """\
{kinds}
An answer of these conversations has {output:.0f} tokens; with answers twice as long an answer costs ${double:.4f} with
a warm cache. A request of the predecessor cost about ${predecessor:.3f}.

None of these conversations asks which times are free. The model is asked twice for such an answer, the second time with
what the tool has found: it costs ${times:.4f} with a warm cache, and ${quiet_times:.4f} as the only one of a
conversation.

Of documents with the same name in several languages, a prompt has those in the visitor's language
(`docs/decisions/0056-translations.md`). The prompt of a small business is then shorter than the {minimum:,} tokens from
which {model} caches. It is made longer with the translations, and then with its own documents once more, as far as
it has to be, from {break_even:,} tokens on, where that costs less at {reads:.0f} expected reads (`decide_padding`).
Passages instead of all documents cost less only on a quiet site, and there the answers know less: they are for bases
that are too large (`docs/decisions/0053-prompt-that-can-be-cached.md`).

A small model that sorts messages first (`IntentModelId`) saves the long prompt for {simple} of the {answers} messages
here: greetings, thanks, and those that only ask for a visit or for a person. It costs $0.000008 for each message, and
the visitor the time of that call. Where a visit comes every two minutes, the prefix is then read so seldom that it
often has to be written again. How often the small model sorts wrongly is not measured; the figures assume that it never
does.

Whether the model of the real service answers as it would without the repetition is not measured.
"""


def render_conversations(cases: Mapping[str, Case]) -> str:
    """Return the section of the page."""
    conversations = read_conversations()
    counted = json.loads(COUNTS.read_text(encoding="utf-8"))
    model = find_model(HAIKU_4_5)
    warm = next(iter(cases.values()))
    padding = decide_padding(model, field="system", prefix_tokens=0, expected_reads=EXPECTED_READS)
    output_usd = warm.output_tokens_per_answer * model.prices.standard.output / 1e15
    introduction = _INTRODUCTION.format(
        count=len(conversations),
        answers=sum(len(one.exchanges) for one in conversations),
        tokenizer=counted["tokenizer"],
        error=counted["error"],
    )
    notes = _NOTES.format(
        kinds=_render_kinds(model, cases),
        times=cases[TIMES].usd_per_answer,
        quiet_times=cases[QUIET_TIMES].usd_per_answer,
        output=warm.output_tokens_per_answer,
        double=warm.usd_per_answer + output_usd,
        predecessor=PREDECESSOR_USD,
        minimum=padding.minimum_tokens,
        break_even=math.ceil(padding.break_even_tokens or 0),
        reads=EXPECTED_READS,
        model=model.name,
        answers=sum(len(one.exchanges) for one in conversations),
        simple=sum(exchange.kind is not None for one in conversations for exchange in one.exchanges),
    )
    header = ("conversations", "$ an answer", "$ a conversation", "read from the cache")
    return "\n".join((introduction, render_table(header, _list_rows(cases.values())), notes))


def _render_kinds(model: LanguageModel, cases: Mapping[str, Case]) -> str:
    """Return what an answer costs by kind of token: its number, and the dollars for a thousand answers."""
    prices = model.prices.standard
    kinds = (
        ("read from the cache: the prompt and the dialogue", "cache_read", prices.cache_read),
        ("written to the cache", "cache_write", prices.cache_write_5m),
        ("other input: the situation and the message", "input", prices.input),
        ("output", "output", prices.output),
    )
    warm, quiet = (cases[name] for name in name_usual_cases(HAIKU_4_5))
    rows = []
    for what, kind, price in kinds:
        tokens = [getattr(case, f"{kind}_tokens_per_answer") for case in (warm, quiet)]
        rows.append((what, *(f"{number:,.0f}: ${1000 * number * price / 1e15:.3f}" for number in tokens)))
    return render_table((f"tokens of an answer, $ for 1,000: {model.name}", "warm cache", "quiet site"), rows)


def _list_rows(cases: Iterable[Case]) -> Iterator[tuple[str, ...]]:
    for case in cases:
        share = f"{case.cache_share:.1%}" if case.cache_share else "nothing is cached"
        yield case.name, f"{case.usd_per_answer:.5f}", f"{case.usd_per_conversation:.4f}", share
