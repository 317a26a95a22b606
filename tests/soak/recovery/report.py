"""Makes one table of a fault: what visitors heard first and at the end, and after how many seconds."""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tests.soak.recovery.persistent_visitor import Exchange, describe
from tests.soak.recovery.visits import AFTER, BEFORE, DURING, Visits

_KINDS = ("connect", "chat", "slots", "hold", "e-mail", "resend", "cancel", "verify")
_PHASES = (BEFORE, DURING, AFTER)
_ROW = "| {:8} | {:7} | {:>4} | {:>14} | {:44} | {:>14} | {:44} |"


def format_table(exchanges: Iterable[Exchange]) -> str:
    """Return the rows by command and phase; seconds are the median and the longest of all tries."""
    lines = [
        _ROW.format("command", "phase", "n", "first: p50 max", "what was heard first", "end: p50 max", "what ended it"),
        _ROW.format(*["---"] * 7),
    ]

    def key(exchange: Exchange) -> tuple[int, int]:
        return _KINDS.index(exchange.kind), _PHASES.index(exchange.phase)

    for _, group in groupby(sorted(exchanges, key=key), key=key):
        lines.append(_format_row(list(group)))
    return "\n".join(lines)


def _format_row(exchanges: Sequence[Exchange]) -> str:
    firsts = [exchange.first for exchange in exchanges if exchange.first]
    ends = [exchange.end for exchange in exchanges if exchange.end]
    return _ROW.format(
        exchanges[0].kind,
        exchanges[0].phase,
        len(exchanges),
        _format_seconds([at for at, _ in firsts]),
        _count(what for _, what in firsts),
        _format_seconds([at for at, _ in ends]),
        _count(describe(frame) for _, frame in ends),
    )


def _format_seconds(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):6.2f} {max(seconds):6.2f}" if seconds else "-"


def _count(what: Iterable[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(what).most_common())


@dataclass(frozen=True)
class Summary:
    """How long visitors waited in all, in seconds."""

    before: float
    """How long a visit took without a fault."""
    silence: float
    """The longest time until a command of those who came during the fault was answered, receipts aside."""
    recovered: float
    """From the end of the fault until those who came then had all that they wanted."""
    caught_up: float
    """The same for those who came before."""

    def __str__(self) -> str:
        return (
            f"longest silence {self.silence:.1f} s; who comes afterwards is served after {self.recovered:.1f} s, "
            f"who came before after {self.caught_up:.1f} s"
        )


def summarize(visits: Visits, ended_at: float) -> Summary:
    """Return the longest times; what never came has taken until the end of the test."""
    now = time.monotonic()
    exchanges = visits.list_exchanges()

    def find_last_end(phase: str) -> float:
        return max((0, *((one.ended_at or now) - ended_at for one in exchanges if one.phase == phase)))

    silences = [one.first[0] if one.first else now - one.sent_at for one in exchanges if one.phase == DURING]
    without_fault = [one for one in exchanges if one.phase == BEFORE]
    before = max(one.ended_at or now for one in without_fault) - min(one.sent_at for one in without_fault)
    return Summary(before, max(silences, default=0.0), find_last_end(AFTER), find_last_end(DURING))
