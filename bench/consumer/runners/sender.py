"""Sends commands at a steady rate, each with the moment of its sending in its text."""

import asyncio
import json
import time
from urllib.parse import urlsplit

from bench.consumer.messages import command
from bench.consumer.runners.arguments import KEY, REGION, parser
from bench.consumer.signing import Signer


class Line:
    """One connection that carries one call at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, signer: Signer) -> None:
        self._reader = reader
        self._writer = writer
        self._signer = signer

    async def send(self, call: dict[str, str]) -> None:
        """Send a message and wait until it is on the queue."""
        self._writer.write(self._signer.request("SendMessage", json.dumps(call).encode()))
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), head


async def main() -> None:
    """Send until all are sent; a late call does not delay the next one."""
    arguments = parser(__doc__)
    arguments.add_argument("--rate", type=float, required=True, metavar="N", help="messages a second")
    options = arguments.parse_args()
    address = urlsplit(options.queue)
    signer = Signer(address.netloc, region=REGION, key=KEY)
    idle: list[Line] = []
    sending: set[asyncio.Task[None]] = set()

    async def send(number: int) -> None:
        text = str(time.monotonic_ns())
        connect = asyncio.open_connection
        line = idle.pop() if idle else Line(*await connect(address.hostname, address.port), signer)
        body = command(key=f"timed-{number}", session=f"s{number}", text=text)
        await line.send({"QueueUrl": options.queue, "MessageBody": body})
        idle.append(line)

    started = time.monotonic()
    for number in range(options.messages):
        await asyncio.sleep(max(0, started + number / options.rate - time.monotonic()))
        task = asyncio.create_task(send(number))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)


if __name__ == "__main__":
    asyncio.run(main())
