"""One request that waits for its answer."""

from typing import Protocol


class Exchange(Protocol):
    """Where an action puts its answer, at once or later."""

    @property
    def gone(self) -> bool:
        """Whether nobody waits for the answer any more."""
        ...

    def answer(self, body: bytes, *, status: int = 200, query_error: str = "") -> None:
        """Send the answer; only the first one counts."""
        ...
