"""What one writes first: a few loops that receive ten and delete ten with aiobotocore, and no handling at all."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from aiobotocore.session import get_session

from bench.consumer.runners.arguments import KEY, REGION, parser
from bench.consumer.runners.stopwatch import Stopwatch


async def work(client: Any, queue: str, watch: Stopwatch) -> None:
    """Receive and delete for ever."""
    while True:
        answer = await client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = answer.get("Messages", ())
        if not messages:
            continue
        entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
        await client.delete_message_batch(QueueUrl=queue, Entries=entries)
        watch.handled(len(messages))


async def main() -> None:
    """Run the loops until the queue is empty."""
    arguments = parser(__doc__)
    arguments.add_argument("--loops", type=int, default=8)
    options = arguments.parse_args()
    address = urlsplit(options.queue)
    async with get_session().create_client(
        "sqs",
        region_name=REGION,
        endpoint_url=f"{address.scheme}://{address.netloc}",
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
    ) as client:
        watch = Stopwatch(options.queue, options.messages)
        watch.start()
        working = [asyncio.create_task(work(client, options.queue, watch)) for _ in range(options.loops)]
        await watch.finish()
        await asyncio.gather(*working)


if __name__ == "__main__":
    asyncio.run(main())
