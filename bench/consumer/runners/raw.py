"""The upper limit: signed requests on a few sockets that receive ten and delete ten messages, without handling."""

import asyncio
import json
from urllib.parse import urlsplit

from bench.consumer.runners.arguments import KEY, REGION, make_parser
from bench.consumer.runners.stopwatch import Stopwatch
from bench.consumer.signing import Signer


class ReceiveAndDelete(asyncio.Protocol):
    """One connection that receives and deletes until the queue is empty."""

    def __init__(self, queue: str, signer: Signer, watch: Stopwatch) -> None:
        self._queue = json.dumps(queue)
        self._receive = f'{{"QueueUrl":{self._queue},"MaxNumberOfMessages":10}}'.encode()
        self._signer = signer
        self._watch = watch
        self._received = b""
        self._deleting = 0
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the first ten messages."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._transport.write(self._signer.request("ReceiveMessage", self._receive))

    def data_received(self, data: bytes) -> None:
        """Delete the messages of an answer; request the next ones once they are deleted."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        at = self._received.find(b"Content-Length: ") + 16
        if end < 0 or len(self._received) < end + 4 + int(self._received[at : self._received.find(b"\r\n", at)]):
            return
        body, self._received = self._received[end + 4 :], b""
        if self._deleting:
            self._watch.count_handled(self._deleting)
            self._deleting = 0
            self._transport.write(self._signer.request("ReceiveMessage", self._receive))
        elif messages := json.loads(body).get("Messages"):
            self._deleting = len(messages)
            entries = ",".join(f'{{"Id":"{n}","ReceiptHandle":"{m["ReceiptHandle"]}"}}' for n, m in enumerate(messages))
            call = f'{{"QueueUrl":{self._queue},"Entries":[{entries}]}}'
            self._transport.write(self._signer.request("DeleteMessageBatch", call.encode()))


async def main() -> None:
    """Run the connections until the queue is empty."""
    arguments = make_parser(__doc__)
    arguments.add_argument("--connections", type=int, default=8)
    options = arguments.parse_args()
    watch = Stopwatch(options.queue, options.messages)
    address = urlsplit(options.queue)
    signer = Signer(address.netloc, region=REGION, key=KEY)
    loop = asyncio.get_running_loop()
    watch.start()
    for _ in range(options.connections):
        await loop.create_connection(
            lambda: ReceiveAndDelete(options.queue, signer, watch), address.hostname, address.port
        )
    await watch.finish()


if __name__ == "__main__":
    asyncio.run(main())
