"""The same processing under a Lambda event-source mapping: records in, failed items out."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from math import inf

from shared.consumer.delivery import Delivery, Queue, make_delivery
from shared.consumer.delivery_processor import DeliveryProcessor
from shared.consumer.disposition import Abandon, Disposition, RetryIn
from shared.consumer.group_order import group_batches, process_in_order
from shared.consumer.lambda_event import BatchResponse, SqsEvent, SqsRecord
from shared.consumer.lease import LeaseKeeper
from shared.consumer.settle import Settler
from shared.consumer.telemetry import Telemetry


class LambdaBatch:
    """Processes the records of one event: groups concurrently, each in order, with partial failures reported.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """

    def __init__(
        self,
        *,
        queue: Queue,
        processor: DeliveryProcessor,
        leases: LeaseKeeper,
        settler: Settler,
        handler_timeout: timedelta,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._queue = queue
        self._processor = processor
        self._leases = leases
        self._settler = settler
        self._handler_timeout = handler_timeout
        self._telemetry = telemetry or Telemetry()

    async def run(self, event: SqsEvent, *, seconds_left: Callable[[], float] = lambda: inf) -> BatchResponse:
        """Return the `batchItemFailures`: Lambda deletes every message that is not among them.

        When the function's remaining time is too short for another handler, the remaining messages are handed back.
        """
        deliveries = [_parse_record(record) for record in event["Records"]]
        failed: set[str] = set()

        async def settle(delivery: Delivery, disposition: Disposition) -> None:
            extending = self._leases.untrack(delivery)
            if isinstance(disposition, RetryIn | Abandon):
                # Lambda deletes what is not reported, and an abandoned message belongs to another worker.
                failed.add(delivery.message_id)
                if extending:
                    await extending
                await self._settler.settle(delivery, disposition)

        async def hand_back(successors: Sequence[Delivery]) -> None:
            for delivery in successors:
                self._leases.untrack(delivery)
                failed.add(delivery.message_id)
            await self._settler.hand_back(successors)

        try:
            self._leases.track(*deliveries, has_queue_timeout=True)
            await asyncio.gather(
                *(
                    process_in_order(
                        batch,
                        process=self._processor.process,
                        settle=settle,
                        hand_back=hand_back,
                        stopping=lambda: seconds_left() < self._handler_timeout.total_seconds(),
                    )
                    for batch in group_batches(deliveries, in_order=self._queue.is_fifo)
                )
            )
        finally:
            for delivery in deliveries:
                self._leases.untrack(delivery)
            self._telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}


def _parse_record(record: SqsRecord) -> Delivery:
    texts = record.get("messageAttributes", {})
    return make_delivery(
        message_id=record["messageId"],
        receipt=record["receiptHandle"],
        body=record.get("body", ""),
        attributes=record.get("attributes", {}),
        texts={name: each["stringValue"] for name, each in texts.items() if "stringValue" in each} or None,
    )
