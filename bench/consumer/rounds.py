"""The rounds: everybody warms up alone, then all run in turn, again and again."""

import sys
from collections.abc import Sequence
from itertools import count

from bench.consumer.contenders import Contender
from bench.consumer.environments import CannotRunError
from bench.consumer.run import Course, Result

_MOST_MESSAGES = 400_000
_FEWEST_MESSAGES = 200


class Rounds:
    """Runs the contenders in turn, so that a noisy neighbour disturbs all alike."""

    def __init__(self, course: Course, contenders: Sequence[Contender], *, seconds: float) -> None:
        self._course = course
        self._contenders = list(contenders)
        self._seconds = seconds
        self._numbers = count(1)
        self._sizes: dict[str, int] = {}
        self.skipped: dict[str, str] = {}
        """Why somebody does not run, by name."""

    def warm_up(self) -> None:
        """Find how many messages keep each busy for the wanted time; whoever can't run is left out."""
        for contender in list(self._contenders):
            size = contender.first_guess
            try:
                for _ in range(2):
                    rate = self._run(contender, size, "warm-up").rate
                    size = max(_FEWEST_MESSAGES, min(_MOST_MESSAGES, round(rate * self._seconds / 100) * 100))
            except CannotRunError as error:
                self.skipped[contender.name] = str(error)
                self._contenders.remove(contender)
                print(f"{contender.name} is skipped: {error}", file=sys.stderr)
            self._sizes[contender.name] = size

    def run(self, rounds: int) -> list[list[Result]]:
        """Return the results, round by round."""
        return [
            [self._run(one, self._sizes[one.name], f"round {number} of {rounds}") for one in self._contenders]
            for number in range(1, rounds + 1)
        ]

    def _run(self, contender: Contender, messages: int, when: str) -> Result:
        where = f"{when:>14}  {contender.name:14} {messages:>8} messages"
        on_terminal = sys.stderr.isatty()
        if on_terminal:
            print(f"\r\033[K{where} ...", end="", file=sys.stderr, flush=True)
        result = self._course.run(contender, messages, number=next(self._numbers))
        end = "" if on_terminal else "\n"
        start = "\r\033[K" if on_terminal else ""
        print(f"{start}{where} {result.rate:>10,.0f} /s", end=end, file=sys.stderr, flush=True)
        return result
