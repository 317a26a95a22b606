"""The port of the counters of the model's tokens, and of the messages that it did not answer."""

from typing import Protocol

from shared.messages.server import Usage


class UsageStore(Protocol):
    """Counters per tenant and day (UTC)."""

    async def add_usage(self, tenant: str, day: str, usage: Usage) -> None:
        """Add one answer's tokens."""
        ...

    async def add_refusal(self, tenant: str, day: str) -> None:
        """Count a message that the model did not answer, and whose visitor was asked to send it again."""
        ...

    async def get_refusals(self, tenant: str, day: str) -> int:
        """Return how many there were on a day so far."""
        ...

    async def get_output_tokens(self, tenant: str, day: str) -> int:
        """Return the output tokens of a day so far."""
        ...
