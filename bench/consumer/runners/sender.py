"""Sends commands at a steady rate, with the time of sending as their text; on a FIFO queue to several groups."""

import asyncio
import json
import time
from urllib.parse import urlsplit

from bench.consumer.messages import command
from bench.consumer.runners.arguments import KEY, REGION, make_parser
from bench.consumer.signing import Signer


class SqsConnection:
    """A connection that carries one call at a time."""

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
    """Send all messages; a slow call does not delay the next one."""
    arguments = make_parser(__doc__)
    arguments.add_argument("--rate", type=float, required=True, metavar="N", help="messages a second")
    arguments.add_argument("--groups", type=int, metavar="N", help="number of groups of a FIFO queue, used in rotation")
    arguments.add_argument("--poison", metavar="SESSION", help="one more group, which gets a message in each rotation")
    options = arguments.parse_args()
    address = urlsplit(options.queue)
    signer = Signer(address.netloc, region=REGION, key=KEY)
    idle: list[SqsConnection] = []
    sending: set[asyncio.Task[None]] = set()

    async def send(number: int, session: str) -> None:
        text = str(time.monotonic_ns())
        connect = asyncio.open_connection
        connection = idle.pop() if idle else SqsConnection(*await connect(address.hostname, address.port), signer)
        key = f"timed-{session}-{number}"
        call = {"QueueUrl": options.queue, "MessageBody": command(key=key, session=session, text=text)}
        await connection.send(
            call | {"MessageGroupId": session, "MessageDeduplicationId": key} if options.groups else call
        )
        idle.append(connection)

    def start_sending(number: int, session: str) -> None:
        task = asyncio.create_task(send(number, session))
        sending.add(task)
        task.add_done_callback(sending.discard)

    first_send_at = time.monotonic()
    for number in range(options.messages):
        await asyncio.sleep(max(0, first_send_at + number / options.rate - time.monotonic()))
        start_sending(number, f"session-{number % options.groups if options.groups else number}")
        if options.poison and number % options.groups == 0:
            start_sending(number, options.poison)
    await asyncio.gather(*sending)


if __name__ == "__main__":
    asyncio.run(main())
