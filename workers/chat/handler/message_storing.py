"""Stores a visitor's message while its answer is prepared.

What an answer needs before its model is called are calls to tables that do not depend on each other: those that store
the message, and those that reserve its cost. They run side by side, and the model is called once both have succeeded.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from shared.messages.server import ServerFrame

OnStored = Callable[[ServerFrame], None]
Store = Callable[[OnStored], Awaitable[ServerFrame]]
"""Stores and posts a frame, and calls the function in between, as soon as the frame is durable."""


class MessageMovedError(Exception):
    """Another frame came before the message, so the prompt, and who answers, have to be decided again."""


class MessageStoring:
    """A message on its way into the conversation and to the visitor's tabs."""

    def __init__(self, task: "asyncio.Task[ServerFrame]", durable: "asyncio.Future[ServerFrame]", seq: int) -> None:
        self._task = task
        self._durable = durable
        self._expected_seq: int | None = seq

    async def check_number(self) -> None:
        """Wait until the message is durable.

        Raises:
            MessageMovedError: it has not the number that was free when the conversation was read.
            LeaseLostError: the command is another worker's.
        """
        await asyncio.wait({self._task, self._durable}, return_when=asyncio.FIRST_COMPLETED)
        frame = self._durable.result() if self._durable.done() else self._task.result()
        if frame.seq != self._expected_seq:
            raise MessageMovedError

    def accept_number(self, frame: ServerFrame) -> None:
        """Note that the prompt was made for the number that the message has got."""
        self._expected_seq = frame.seq

    async def wait_until_posted(self) -> ServerFrame:
        """Return the message with its number once it is stored, marked and posted.

        Raises:
            LeaseLostError: the command is another worker's.
        """
        return await asyncio.shield(self._task)


@asynccontextmanager
async def store_meanwhile(store: Store, *, seq: int) -> AsyncIterator[MessageStoring]:
    """Store a message inside the `with`; `seq` is the number that it should get.

    If it can't be stored, the body is cancelled, and the error is raised. If the body fails, its error is raised after
    the message is stored and posted: what follows from the error comes behind it in the conversation.
    """
    durable: asyncio.Future[ServerFrame] = asyncio.get_running_loop().create_future()

    def note(frame: ServerFrame) -> None:
        if not durable.done():
            durable.set_result(frame)

    async def run() -> ServerFrame:
        return await store(note)

    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(run())
            try:
                yield MessageStoring(task, durable, seq)
            except Exception:
                await asyncio.wait({task})
                raise
    except BaseExceptionGroup as failed:
        # The error of the task comes before that of the body, which may follow from it.
        failure = failed.exceptions[0]
    if failure is not None:
        # Not above: the group would be its context in each log line, and it says no more.
        raise failure
