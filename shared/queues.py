"""The ports of the queues on which the backend puts messages of its own."""

from typing import Protocol

from shared.messages.commands import ChatAnswerOpen, InternalBookingCommand
from shared.messages.notices import AnyNotice


class NoticeQueue(Protocol):
    """The queue of notices."""

    async def put(self, notice: AnyNotice) -> None:
        """Queue a notice; putting the same id twice is harmless."""
        ...


class InternalCommandQueue(Protocol):
    """The queue of internal commands."""

    async def put(self, command: InternalBookingCommand | ChatAnswerOpen, *, group: str) -> None:
        """Queue a command after those of its group; putting the same one twice is harmless."""
        ...
