"""Formats the results of all rounds as a table for a terminal."""

import statistics
from collections.abc import Callable, Iterable, Sequence

from bench.consumer.harness import Result

_RIVALS = ("raw", "aiobotocore", "taskiq", "fanferro")
_OURS = "pool"


def throughput_report(rounds: Sequence[Sequence[Result]], descriptions: dict[str, str]) -> str:
    """Return a row for each consumer, then the ratios of our pool to the others, computed round by round."""
    names = [result.name for result in rounds[0]]
    header = f"{'':14}{'messages/s':>12}{'(min - max)':>20}{'CPU us/message':>16}{'requests/message':>18}{'peak MB':>9}"
    lines = ["", header]
    for name in names:
        runs = [result for results in rounds for result in results if result.name == name]
        rates = [result.rate for result in runs]
        spread = f"({min(rates):,.0f} - {max(rates):,.0f})"
        cpu_us, peak_mb = _median(runs, lambda run: run.cpu_us), _median(runs, lambda run: run.rss_mb)
        calls = _median(runs, lambda run: run.requests / run.messages)
        lines.append(
            f"{name:14}{statistics.median(rates):>12,.0f}{spread:>20}{cpu_us:>16.1f}{calls:>18.3f}{peak_mb:>9.0f}"
        )
    lines += ["", *_ratios(rounds, names), "", *(f"{name}: {descriptions[name]}" for name in names)]
    return "\n".join(lines)


def _ratios(rounds: Sequence[Sequence[Result]], names: Sequence[str]) -> Iterable[str]:
    for rival in _RIVALS:
        if rival in names and _OURS in names:
            by_round = [{result.name: result for result in results} for results in rounds]
            rates = [results[_OURS].rate / results[rival].rate for results in by_round]
            costs = [results[_OURS].cpu_us / results[rival].cpu_us for results in by_round]
            yield (
                f"{_OURS}/{rival:14} messages/s {statistics.median(rates):.2f} ({min(rates):.2f} - {max(rates):.2f})"
                f"   CPU per message {statistics.median(costs):.2f} ({min(costs):.2f} - {max(costs):.2f})"
            )


def _median(runs: Sequence[Result], value: Callable[[Result], float]) -> float:
    return statistics.median(map(value, runs))
