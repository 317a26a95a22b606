"""The simplest consumer: a few loops that receive ten and delete ten with aiobotocore, without handling them."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from aiobotocore.session import get_session

from bench.consumer.runners.arguments import KEY, REGION, make_parser
from bench.consumer.runners.stopwatch import Stopwatch


async def receive_and_delete(client: Any, queue: str, watch: Stopwatch) -> None:
    """Receive and delete messages until the task is cancelled."""
    while True:
        answer = await client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = answer.get("Messages", ())
        if not messages:
            continue
        entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        await client.delete_message_batch(QueueUrl=queue, Entries=entries)
        watch.count_handled(len(messages))


async def main() -> None:
    """Run the loops until the queue is empty."""
    arguments = make_parser(__doc__)
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
        tasks = [asyncio.create_task(receive_and_delete(client, options.queue, watch)) for _ in range(options.loops)]
        await watch.finish()
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
