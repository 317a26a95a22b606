"""The port of the answers to the assistant's queries (`BookingQuery`): booking writes them, and chat waits for them."""

from typing import Protocol

from shared.messages.answers import QueryAnswer


class QueryAnswers(Protocol):
    """Answers by the ids of their queries, kept for as long as somebody may wait.

    Raises:
        TransientError: the table can't be reached.
    """

    async def put(self, query_id: str, answer: QueryAnswer) -> None:
        """Store an answer; another one to the same query replaces it."""
        ...

    async def find(self, query_id: str) -> QueryAnswer | None:
        """Return the answer if it is there; one that was put before is found at once."""
        ...
