"""taskiq over taskiq-aio-sqs: one no-op task, as many at once as its own command line allows by default."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from taskiq.receiver import Receiver
from taskiq_aio_sqs import SQSBroker

from bench.consumer.runners.arguments import KEY, REGION, make_parser
from bench.consumer.runners.stopwatch import Stopwatch


async def main() -> None:
    """Run one worker until the queue is empty."""
    arguments = make_parser(__doc__)
    arguments.add_argument("--concurrency", type=int, default=100)
    options = arguments.parse_args()
    address = urlsplit(options.queue)
    broker = SQSBroker(
        sqs_queue_name=address.path.rpartition("/")[2],
        endpoint_url=f"{address.scheme}://{address.netloc}",
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
        max_number_of_messages=10,
    )
    watch = Stopwatch(options.queue, options.messages)

    @broker.task(task_name="noop")
    async def noop(command: dict[str, Any]) -> None:
        del command
        watch.count_handled()

    broker.is_worker_process = True
    await broker.startup()
    receiver = Receiver(broker, run_startup=False, max_async_tasks=options.concurrency)
    watch.start()
    working = asyncio.create_task(receiver.listen(asyncio.Event()))
    await watch.finish()
    await working


if __name__ == "__main__":
    asyncio.run(main())
