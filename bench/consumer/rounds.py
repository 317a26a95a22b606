"""The rounds of the benchmark: each consumer warms up alone, then all run one after another in each round."""

import sys
from collections.abc import Sequence
from itertools import count

from bench.consumer.contenders import Contender
from bench.consumer.environments import CannotRunError
from bench.consumer.harness import Harness, Result

_MAX_MESSAGES = 400_000
_MIN_MESSAGES = 200


class Rounds:
    """Runs the contenders one after another in each round, so that other load on the machine affects all alike."""

    def __init__(self, harness: Harness, contenders: Sequence[Contender], *, seconds: float) -> None:
        self._harness = harness
        self._contenders = list(contenders)
        self._seconds = seconds
        self._numbers = count(1)
        self._sizes: dict[str, int] = {}
        self.skipped: dict[str, str] = {}
        """Why a contender is not measured, by its name."""

    def warm_up(self) -> None:
        """Find how many messages each contender processes in the given seconds; skip those that can't run."""
        for contender in list(self._contenders):
            size = contender.warm_up_messages
            try:
                for _ in range(2):
                    rate = self._run(contender, size, "warm-up").rate
                    size = max(_MIN_MESSAGES, min(_MAX_MESSAGES, round(rate * self._seconds / 100) * 100))
            except CannotRunError as error:
                self.skipped[contender.name] = str(error)
                self._contenders.remove(contender)
                print(f"{contender.name} is skipped: {error}", file=sys.stderr)
            self._sizes[contender.name] = size

    def run(self, rounds: int) -> list[list[Result]]:
        """Return the results of each round."""
        return [
            [self._run(each, self._sizes[each.name], f"round {number} of {rounds}") for each in self._contenders]
            for number in range(1, rounds + 1)
        ]

    def _run(self, contender: Contender, messages: int, step: str) -> Result:
        label = f"{step:>14}  {contender.name:14} {messages:>8} messages"
        on_terminal = sys.stderr.isatty()
        if on_terminal:
            print(f"\r\033[K{label} ...", end="", file=sys.stderr, flush=True)
        result = self._harness.run(contender, messages, number=next(self._numbers))
        end = "" if on_terminal else "\n"
        start = "\r\033[K" if on_terminal else ""
        print(f"{start}{label} {result.rate:>10,.0f} /s", end=end, file=sys.stderr, flush=True)
        return result
