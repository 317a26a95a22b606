"""Compares counted calls with the table, and prices the difference."""

from infra.cost.calls import Amounts, CallTable
from infra.cost.prices import PriceList
from infra.cost.quantities import compute_step

HOW_TO_ACCEPT = "If it is intended: `make count-calls` writes the table, and the diff of docs/cost.md shows the price."

_SMALLEST_USD = 0.0005
"""Log bytes differ from run to run by less."""


def describe_differences(expected: CallTable, counted: CallTable) -> list[str]:
    """Return one line for each difference; log bytes differ from run to run, so they are not compared."""
    lines = []
    for step in {**expected.steps, **counted.steps}:
        before, after = expected.steps.get(step, {}), counted.steps.get(step, {})
        for call in sorted({*before, *after}):
            old, new = (_leave_out_log(calls.get(call, {})) for calls in (before, after))
            if old != new:
                lines.append(f"{step}: {call}: {_format(old)} in the table, {_format(new)} now")
    lines += [f"metric {name}: in the table only" for name in expected.metrics if name not in counted.metrics]
    lines += [f"metric {name}: not in the table" for name in counted.metrics if name not in expected.metrics]
    return lines


def _leave_out_log(amounts: Amounts) -> Amounts:
    return {measure: amount for measure, amount in amounts.items() if measure != "log_bytes"}


def _format(amounts: Amounts) -> str:
    return ", ".join(f"{amount:g} {measure.replace('_', ' ')}" for measure, amount in amounts.items()) or "none"


def describe_prices(expected: CallTable, counted: CallTable, prices: PriceList) -> list[str]:
    """Return one line for each step whose price has changed."""
    lines = []
    for step in expected.steps:
        old, new = (
            1000 * prices.compute_usd(compute_step(step, table.steps.get(step, {}), prices.assumptions))
            for table in (expected, counted)
        )
        if abs(new - old) >= _SMALLEST_USD:
            lines.append(f"1 000 times {step}: ${old:.4f} by the table, ${new:.4f} now")
    return lines
