"""Receives deliveries: the number of pollers follows the backlog, and no message is fetched without a free handler."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.backoff import compute_backoff_seconds
from shared.consumer.delivery import Delivery, Queue
from shared.consumer.permits import Permits
from shared.errors import PermanentError, TransientError, describe_error
from shared.ids import new_id

log = structlog.get_logger()

RECEIVE_MAX = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""

_FILL_TIMEOUT_SECONDS = 0.02
"""How long a receive that has some permits waits for ten. It has fewer only while the pool is nearly full. Then a short
wait costs less than the requests of messages that are fetched one by one."""

_FIRST_PAUSE_SECONDS = 0.2
_MAX_PAUSE_SECONDS = 5.0
"""Short enough to continue soon after an outage."""

_RECOVERY_SECONDS = 1.0
_EARLY_ANSWER_SECONDS = 1.0
_MAX_EARLY_ANSWERS = 3
"""After more empty answers in a row that came at once, long polling does not work: because of a setting, or a proxy
that answers instead. Then the poller pauses itself, or an idle queue would cost thousands of receives a second."""

_ATTEMPT_SECONDS = 240.0
"""How long a receive may be repeated by its id: less than the five minutes for which SQS remembers it."""

Start = Callable[[Sequence[Delivery]], int]
"""Starts to process received deliveries, and returns how many permits they keep."""


@dataclass(slots=True, eq=False)
class _Poller:
    is_first: bool
    task: "asyncio.Task[None] | None" = None
    receiving_since: float | None = None
    attempt_id: str | None = None
    """Id of the receive that is under way or whose answer was lost; only on FIFO queues."""

    attempt_ends: float = 0.0


class Source:
    """Receives from one queue.

    One poller waits for messages with long polls. When a receive returns the maximum and permits are left, another
    poller starts; every poller but the first ends when it receives nothing. So an idle queue costs one long poll at a
    time, and no receive waits until earlier messages are processed.
    """

    def __init__(
        self, *, queue: Queue, permits: Permits, start: Start, wait_seconds: int, visibility: timedelta
    ) -> None:
        self._queue = queue
        self._permits = permits
        self._start = start
        self._wait_seconds = wait_seconds
        self._visibility_seconds = round(visibility.total_seconds())
        self._max_pollers = -(-permits.total // RECEIVE_MAX)
        self._pollers: set[_Poller] = set()
        self._failures = 0
        self._is_stopped = False
        self.last_error: str | None = None
        """Why the last receive failed; None while receiving works."""
        self.receives = 0

    def start_receiving(self) -> None:
        """Start to receive."""
        self._add_poller(is_first=True)

    @property
    def pollers(self) -> int:
        """The number of pollers."""
        return len(self._pollers)

    @property
    def is_open(self) -> bool:
        """Whether a poller receives, or waits for permits to do so."""
        return any(poller.task and not poller.task.done() for poller in list(self._pollers))

    def find_oldest_receive_start(self) -> float | None:
        """Return when the oldest receive under way began, on the monotonic clock."""
        return min((one.receiving_since for one in list(self._pollers) if one.receiving_since), default=None)

    async def stop_receiving(self, *, grace_seconds: float) -> list[Delivery]:
        """Stop receiving; return the deliveries of open receives that were recovered and not started.

        A receive that ends within the grace period counts as usual; a later one is cancelled. On a FIFO queue a receive
        that was cancelled or failed is repeated once with its attempt id, so that its messages are not invisible until
        their time-out ends.
        """
        self._is_stopped = True
        self._permits.close()
        tasks = [poller.task for poller in self._pollers if poller.task]
        if tasks:
            await asyncio.wait(tasks, timeout=grace_seconds)
        cancelled = [poller for poller in self._pollers if poller.task and not poller.task.done()]
        for poller in cancelled:
            if poller.task:
                poller.task.cancel()
        await asyncio.gather(*(poller.task for poller in cancelled if poller.task), return_exceptions=True)
        open_attempts = [poller.attempt_id for poller in self._pollers if poller.attempt_id]
        recovered = await asyncio.gather(*(self._recover_receive(attempt_id) for attempt_id in open_attempts))
        self._pollers.clear()
        return [delivery for deliveries in recovered for delivery in deliveries]

    def _add_poller(self, *, is_first: bool = False) -> None:
        poller = _Poller(is_first)
        self._pollers.add(poller)
        poller.task = asyncio.create_task(self._run_poller(poller))
        poller.task.add_done_callback(self._log_failure)

    async def _run_poller(self, poller: _Poller) -> None:
        permits = early_answers = 0
        while not self._is_stopped:
            permits = permits or await self._permits.take(RECEIVE_MAX, fill_timeout_seconds=_FILL_TIMEOUT_SECONDS)
            if not permits:
                return
            began = time.monotonic()
            deliveries = await self._receive_deliveries(poller, permits)
            if deliveries is None:
                # A repeated FIFO receive returns what this one may have taken, and needs the permits then.
                if not self._queue.is_fifo:
                    self._permits.give_back(permits)
                    permits = 0
                await asyncio.sleep(
                    compute_backoff_seconds(
                        self._failures,
                        base_seconds=_FIRST_PAUSE_SECONDS,
                        cap_seconds=_MAX_PAUSE_SECONDS,
                        fixed_share=0.5,
                    )
                )
                continue
            self._permits.give_back(permits - (self._start(deliveries) if deliveries else 0))
            permits = 0
            if len(deliveries) == RECEIVE_MAX and self._permits.free and len(self._pollers) < self._max_pollers:
                self._add_poller()
            elif not (deliveries or poller.is_first):
                self._pollers.discard(poller)
                return
            early_answers = (
                early_answers + 1 if not deliveries and time.monotonic() - began < _EARLY_ANSWER_SECONDS else 0
            )
            if early_answers > _MAX_EARLY_ANSWERS:
                await asyncio.sleep(_EARLY_ANSWER_SECONDS)

    async def _receive_deliveries(self, poller: _Poller, permits: int) -> Sequence[Delivery] | None:
        """Return the deliveries, or None when the call failed: the next call asks for the same messages again."""
        now = time.monotonic()
        if self._queue.is_fifo and (poller.attempt_id is None or now > poller.attempt_ends):
            poller.attempt_id, poller.attempt_ends = new_id(), now + _ATTEMPT_SECONDS
        poller.receiving_since = now
        self.receives += 1
        try:
            deliveries = await self._queue.receive(
                max_messages=permits,
                # An idle queue has one open long poll; the other pollers do not wait, and end on an empty answer.
                wait_seconds=self._wait_seconds if poller.is_first else 0,
                visibility_seconds=self._visibility_seconds,
                attempt_id=poller.attempt_id,
            )
        except Exception as error:
            self._failures += 1
            self.last_error = describe_error(error)
            if isinstance(error, TransientError | PermanentError):
                log.warning("receive_failed", queue=self._queue.name, failures=self._failures, error=str(error))
            else:
                log.exception("receive_failed", queue=self._queue.name, failures=self._failures)
            return None
        finally:
            poller.receiving_since = None
        poller.attempt_id = None
        self._failures, self.last_error = 0, None
        return deliveries

    async def _recover_receive(self, attempt_id: str) -> Sequence[Delivery]:
        try:
            async with asyncio.timeout(_RECOVERY_SECONDS):
                return await self._queue.receive(
                    max_messages=RECEIVE_MAX,
                    wait_seconds=0,
                    visibility_seconds=self._visibility_seconds,
                    attempt_id=attempt_id,
                )
        except (TransientError, PermanentError, TimeoutError) as error:
            # Messages that the receive took, if any, become visible again when their time-out ends.
            log.warning("receive_not_recovered", queue=self._queue.name, error=str(error) or type(error).__name__)
        except Exception:
            log.exception("receive_not_recovered", queue=self._queue.name)
        return ()

    def _log_failure(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error("poller_broken", queue=self._queue.name, exc_info=error)
