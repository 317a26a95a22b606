"""The queues by name, URL and ARN."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.broker.counts import Counts
from tests.broker.errors import SqsError, invalid_parameter, no_such_queue
from tests.broker.queue import Queue
from tests.broker.settings import Settings

ACCOUNT = "000000000000"


class Queues:
    """All queues of the process."""

    def __init__(self, *, base_url: str, region: str, counts: Counts, clock: Callable[[], float]) -> None:
        self._base_url = base_url
        self._region = region
        self._counts = counts
        self._clock = clock
        self._by_url: dict[str, Queue] = {}
        self._by_name: dict[str, Queue] = {}

    def find(self, url: str) -> Queue:
        """Return a queue by URL, with any host name, or by name."""
        queue = self._by_url.get(url) or self._by_name.get(url.rpartition("/")[2])
        if queue is None:
            raise no_such_queue()
        return queue

    def names(self) -> list[str]:
        """Return the names in order."""
        return sorted(self._by_name)

    def __getitem__(self, name: str) -> Queue:
        """Return a queue by name."""
        return self._by_name[name]

    def create(self, name: str, attributes: Mapping[str, str]) -> Queue:
        """Create a queue, or return the existing one with the same attributes.

        Raises:
            SqsError: the name or an attribute is not valid, or the existing queue has other attributes.
        """
        fifo = attributes.get("FifoQueue") == "true"
        if not name.removesuffix(".fifo").replace("-", "").replace("_", "").isalnum() or len(name) > 80:
            raise invalid_parameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            )
        if fifo != name.endswith(".fifo"):
            raise invalid_parameter("The name of a FIFO queue can only end with .fifo, and no other's may.")
        there = self._by_name.get(name)
        if there:
            known = there.settings.all()
            if any(known.get(key) != value for key, value in attributes.items()):
                raise SqsError("QueueNameExists", "A queue already exists with the same name and another attribute.")
            return there
        url = f"{self._base_url}/{ACCOUNT}/{name}"
        queue = Queue(
            name=name,
            url=url,
            arn=f"arn:aws:sqs:{self._region}:{ACCOUNT}:{name}",
            settings=Settings(fifo=fifo),
            counts=self._counts,
            clock=self._clock,
        )
        self.change(queue, attributes)
        self._by_name[name] = self._by_url[url] = queue
        return queue

    def change(self, queue: Queue, attributes: Mapping[str, str]) -> None:
        """Set attributes, and find their dead-letter queue."""
        queue.settings.change(attributes)
        arn = queue.settings.redrive_arn
        target = self._by_name.get(arn.rpartition(":")[2]) if arn else None
        if arn and (target is None or target.settings.fifo != queue.settings.fifo):
            raise invalid_parameter(f"Value for parameter RedrivePolicy is invalid. Dead letter target: {arn}")
        queue.dead_letters = target

    def remove(self, queue: Queue) -> None:
        """Delete a queue with all its messages."""
        self._by_name.pop(queue.name, None)
        self._by_url.pop(queue.url, None)

    def describe(self, queue: Queue) -> dict[str, Any]:
        """Return every attribute of a queue."""
        queue.expire()
        return {
            **queue.settings.all(),
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(queue.visible),
            "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight),
            "ApproximateNumberOfMessagesDelayed": str(queue.delayed),
            "CreatedTimestamp": "1700000000",
            "LastModifiedTimestamp": "1700000000",
        }
