"""The report of an evaluation: a row for each kind and language, and each fault by the name of its case."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evals.checker import Answer, Finding
from evals.golden_case import GoldenCase, Kind
from evals.lie_check import LieCount
from shared.language_models.catalogue import find_model
from shared.language_models.prices import NANO

_HEADER = ("kind", "language", "cases", "right", "input", "cached", "output", "USD")


@dataclass(frozen=True, slots=True)
class Result:
    """A case, its answer, and what is wrong with it; without an answer, why there is none."""

    case: GoldenCase
    answer: Answer | None = None
    findings: tuple[Finding, ...] = ()
    error: str = ""

    @property
    def is_right(self) -> bool:
        """Return whether there is an answer without a fault."""
        return self.answer is not None and not self.findings


def format_report(results: Sequence[Result]) -> str:
    """Return the faults, then the table with the totals; `cached` tokens are those read from the cache."""
    rows: list[tuple[str, ...]] = [_HEADER]
    for kind in Kind:
        for language in sorted({result.case.language for result in results}):
            chosen = [one for one in results if (one.case.kind, one.case.language) == (kind, language)]
            if chosen:
                rows.append(_build_row(kind, language, chosen))
    rows.append(_build_row("all", "", results))
    return "\n".join([*_list_faults(results), *_align(rows)])


def compute_nano_dollars(answer: Answer) -> int:
    """Return what an answer costs by the price list of its model."""
    usage = answer.usage
    return find_model(answer.model_id).prices.compute_nano_dollars(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )


def format_lie_counts(counts: Iterable[LieCount]) -> str:
    """Return the table of the kinds of lies, and how many were noticed of those that apply."""
    rows = [("lie", "told", "noticed", "share")]
    for count in counts:
        share = f"{100 * count.caught / count.applicable:.0f} %" if count.applicable else "-"
        rows.append((count.kind.value, str(count.applicable), str(count.caught), share))
    return "\n".join(_align(rows))


def _build_row(kind: str, language: str, results: Sequence[Result]) -> tuple[str, ...]:
    answers = [result.answer for result in results if result.answer]
    usages = [answer.usage for answer in answers]
    dollars = sum(map(compute_nano_dollars, answers)) / NANO
    return (
        kind,
        language,
        str(len(results)),
        str(sum(result.is_right for result in results)),
        str(sum(usage.input_tokens + usage.cache_write_tokens for usage in usages)),
        str(sum(usage.cache_read_tokens for usage in usages)),
        str(sum(usage.output_tokens for usage in usages)),
        f"{dollars:.4f}",
    )


def _list_faults(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        if result.error:
            yield f"{result.case.id}: no answer: {result.error}"
        for finding in result.findings:
            yield f"{result.case.id}: {finding.fault}: {finding.text}"


def _align(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    words = 2 if len(rows[0]) == len(_HEADER) else 1  # the columns that are not numbers
    return [
        "  ".join(
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
