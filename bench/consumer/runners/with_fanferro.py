"""fanferro: a no-op handler of a JSON body, in its default envelope."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import fanferro

from bench.consumer.runners.arguments import KEY, REGION, make_parser
from bench.consumer.runners.stopwatch import Stopwatch


async def main() -> None:
    """Run one consumer until the queue is empty."""
    arguments = make_parser(__doc__)
    arguments.add_argument("--concurrency", type=int, default=100)
    arguments.add_argument("--pollers", type=int, default=8)
    options = arguments.parse_args()
    address = urlsplit(options.queue)
    client = fanferro.Client(
        region=REGION,
        endpoint_url=f"{address.scheme}://{address.netloc}",
        credentials=fanferro.Credentials(KEY, KEY),
    )
    watch = Stopwatch(options.queue, options.messages)

    async def handle(message: fanferro.Message[dict[str, Any]]) -> None:
        assert message.body["type"] == "chat.send"
        watch.count_handled()

    async with client:
        consumer = client.consumer(
            client.queue(url=options.queue), handle, concurrency=options.concurrency, pollers=options.pollers
        )
        watch.start()
        async with consumer:
            await watch.finish()


if __name__ == "__main__":
    asyncio.run(main())
