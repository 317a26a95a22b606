"""A request that waits for its answer."""

from typing import Protocol


class Exchange(Protocol):
    """Receives the answer of an action, at once or later."""

    @property
    def gone(self) -> bool:
        """Return whether the client has disconnected."""
        ...

    def answer(self, body: bytes, *, status: int = 200, query_error: str = "") -> None:
        """Send the answer; only the first one counts."""
        ...
