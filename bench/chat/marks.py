"""When each message of the benchmark passed each point, on the clock of all its processes."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_MARK = re.compile(rb"#(\d+)#")


@dataclass(slots=True)
class Marks:
    """The times of one message, in milliseconds; nan where it did not get."""

    number: int
    frame_in: float = float("nan")
    acknowledged: float = float("nan")
    asked: float = float("nan")
    """When the stub of Bedrock had received the request."""
    first_token: float = float("nan")
    """When the stub of Bedrock wrote the first words: what passed since `asked` is the model's own."""
    first_delta: float = float("nan")
    """When the management endpoint had received the first words; of the synchronous call, when it had them."""
    ended: float = float("nan")
    end: str = ""
    """The type of the frame that ended it."""
    deltas: int = 0

    @property
    def ours_ms(self) -> float:
        """Return the time from the frame to the first words, without the model's own."""
        return (self.first_delta - self.frame_in) - (self.first_token - self.asked)


@dataclass(slots=True)
class MarkBook:
    """The marks of all messages, found by the number that each has in its text."""

    marks: dict[int, Marks] = field(default_factory=dict)

    def open_marks(self) -> Marks:
        """Return the marks of a further message."""
        marks = Marks(len(self.marks) + 1)
        self.marks[marks.number] = marks
        return marks

    def find_in(self, text: bytes) -> Marks | None:
        """Return the marks of the last number in a text."""
        numbers = _MARK.findall(text)
        return self.marks.get(int(numbers[-1])) if numbers else None


def write_question(number: int) -> str:
    """Return a visitor's message with its number."""
    return f"How much is a sports massage, and is there room next week? #{number}#"


def list_ours_ms(marks: Iterable[Marks]) -> list[float]:
    """Return the times of those that got the first words."""
    return [ours for one in marks if not math.isnan(ours := one.ours_ms)]
