"""Reads queues' figures from SQS, and the age of the oldest message from CloudWatch or from the local emulator."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import structlog

from ops.queues.figures import OldestAges, QueueAddress, QueueFigures
from shared.aws.errors import translate_aws_errors
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error

log = structlog.get_logger()

_WAITING, _IN_FLIGHT, _DELAYED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_METRIC_PERIOD_SECONDS = 60
_CACHE_DURATION = timedelta(seconds=55)
"""CloudWatch has a new figure once a minute, and each request costs money."""


class SqsQueueGauge:
    """Reads the attributes of each queue; an unknown age does not hide the other figures."""

    def __init__(self, *, client: Any, queues: Sequence[QueueAddress], ages: OldestAges) -> None:
        self._client = client
        self._queues = queues
        self._ages = ages

    async def read_figures(self) -> Sequence[QueueFigures]:
        """Return the figures of all queues, read concurrently."""
        return await asyncio.gather(*map(self._read_queue_figures, self._queues))

    async def _read_queue_figures(self, address: QueueAddress) -> QueueFigures:
        counts, dead = await asyncio.gather(
            self._read_attributes(address.url), self._count_dead_letters(address.dead_letter_url)
        )
        waiting, in_flight = counts[_WAITING] + counts[_DELAYED], counts[_IN_FLIGHT]
        return QueueFigures(
            queue=address.queue,
            waiting=waiting,
            in_flight=in_flight,
            dead=dead,
            oldest_seconds=await self._ages.find_oldest_age(address) if waiting or in_flight else 0.0,
        )

    async def _count_dead_letters(self, url: str | None) -> int | None:
        if url is None:
            return None
        counts = await self._read_attributes(url)
        return counts[_WAITING] + counts[_IN_FLIGHT]

    async def _read_attributes(self, url: str) -> dict[str, int]:
        names = [_WAITING, _IN_FLIGHT, _DELAYED]
        with translate_aws_errors("queues.attributes"):
            answer = await self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return {name: int(answer["Attributes"].get(name, 0)) for name in names}


class CloudWatchAges:
    """Reads the age from CloudWatch's metric, which is one or two minutes late; SQS itself has no such attribute."""

    def __init__(self, *, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._cache: dict[str, tuple[Any, float | None]] = {}

    async def find_oldest_age(self, address: QueueAddress) -> float | None:
        """Return the latest figure of the last five minutes; None if there is none or it may not be read."""
        now = self._clock.now()
        if (cached := self._cache.get(address.url)) and now - cached[0] < _CACHE_DURATION:
            return cached[1]
        try:
            seconds = await self._read_latest_age(address, now)
        except (TransientError, PermanentError) as error:
            log.warning("oldest_age_unknown", queue=address.queue, error=describe_error(error))
            seconds = None
        self._cache[address.url] = (now, seconds)
        return seconds

    async def _read_latest_age(self, address: QueueAddress, now: datetime) -> float | None:
        with translate_aws_errors("queues.oldest_age"):
            answer = await self._client.get_metric_statistics(
                Namespace="AWS/SQS",
                MetricName="ApproximateAgeOfOldestMessage",
                Dimensions=[{"Name": "QueueName", "Value": address.url.rpartition("/")[2]}],
                StartTime=now - timedelta(minutes=5),
                EndTime=now,
                Period=_METRIC_PERIOD_SECONDS,
                Statistics=["Maximum"],
            )
        latest = max(answer.get("Datapoints", ()), key=lambda point: point["Timestamp"], default=None)
        return float(latest["Maximum"]) if latest else None


class EmulatorAges:
    """Reads the age from the messages themselves: the local emulator shows them, and has no queue metrics."""

    def __init__(self, *, http: httpx2.AsyncClient, endpoint_url: str, clock: Clock) -> None:
        self._http = http
        self._address = f"{endpoint_url.rstrip('/')}/_ministack/sqs/messages"
        self._clock = clock

    async def find_oldest_age(self, address: QueueAddress) -> float | None:
        """Return the age of the oldest message; None if the emulator does not show messages."""
        try:
            answer = await self._http.get(f"{self._address}?{urlencode({'QueueUrl': address.url})}")
            answer.raise_for_status()
            accounts = answer.json()["messages"]
            sent = [
                float(message["SentTimestamp"])
                for regions in accounts.values()
                for queues in regions.values()
                for messages in queues.values()
                for message in messages
            ]
        except (httpx2.HTTPError, json.JSONDecodeError, KeyError, AttributeError, TypeError, ValueError):
            return None
        return max(self._clock.now().timestamp() - min(sent), 0.0) if sent else 0.0
