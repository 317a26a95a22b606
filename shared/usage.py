"""The port of the counters of the model's tokens."""

from typing import Protocol

from shared.messages.server import Usage


class UsageStore(Protocol):
    """Counters per tenant and day (UTC)."""

    async def add_usage(self, tenant: str, day: str, usage: Usage) -> None:
        """Add one answer's tokens."""
        ...

    async def get_output_tokens(self, tenant: str, day: str) -> int:
        """Return the output tokens of a day so far."""
        ...
