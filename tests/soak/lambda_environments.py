"""Runs the function of the chat worker in many processes, each a Lambda environment: `tests.soak.lambda_environments`.

The emulator gives a function the messages of a FIFO queue in turn, where AWS runs an environment for each group. Here
one poller receives the messages, as an event-source mapping does, and passes each to the handler in an environment that
is idle. It deletes a message unless the handler reports it as failed. If an environment is killed, its message stays
hidden for as long as the queue says, and another environment gets it then.

All are forked from one process that has loaded what each would load again, so that 60 starts cost 13 seconds of a
processor. The output has one line `invoked PID GROUP` for each event, so that a test can choose whom it kills.
"""

import argparse
import asyncio
import functools
import gc
import json
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.httpsession import get_cert_path
from botocore.loaders import JSONFileLoader

import workers.chat.wiring  # noqa: F401 - loaded once, before the processes are forked
from infra.local.seed import read_demo_profile

TIMEOUT_SECONDS = 120
"""The time-out of the function in the template."""

END_OF_CERTIFICATE = "-----END CERTIFICATE-----"
SERVICES = ("apigatewaymanagementapi", "bedrock-runtime", "dynamodb", "s3", "sqs")
_ATTRIBUTES = ["All"]


class Context:
    """What Lambda passes besides the event."""

    def __init__(self) -> None:
        self._ends_at = time.monotonic() + TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the function's time-out."""
        return round((self._ends_at - time.monotonic()) * 1000)


@dataclass(frozen=True)
class Environment:
    """A process of the function, and the socket through which it gets events and answers them."""

    process: int
    socket: socket.socket


def start_environment() -> Environment:
    """Fork a process that opens the worker, writes an empty line, and then processes one event after the other."""
    ours, theirs = socket.socketpair()
    process = os.fork()
    if process == 0:
        ours.close()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with theirs.makefile("rw", encoding="utf-8") as events:
            run_environment(events)
        os._exit(0)
    theirs.close()
    ours.setblocking(False)
    return Environment(process, ours)


def run_environment(events: Any) -> None:
    """Process events until there are no more."""
    from workers.chat.lambda_function import handler  # noqa: PLC0415 - it opens the worker, which belongs to this process

    print(file=events, flush=True)
    for line in events:
        print(json.dumps(handler(json.loads(line), Context())), file=events, flush=True)


def build_record(message: dict[str, Any], queue_url: str) -> dict[str, Any]:
    """Return a message as a record of an event.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    texts = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {"stringValue": each["StringValue"], "dataType": each["DataType"]}
            for name, each in texts.items()
            if "StringValue" in each
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{os.environ['AWS_REGION']}:000000000000:{queue_url.rpartition('/')[2]}",
    }


def write_line(line: str) -> None:
    """Write a line in one piece: the environments write their logs to the same file."""
    sys.stdout.write(f"{line}\n")


class EventSourceMapping:
    """Passes the messages of a queue to idle environments, one each."""

    def __init__(self, queue_url: str, sqs: Any, environments: list[Environment]) -> None:
        self._queue_url = queue_url
        self._sqs = sqs
        self._environments = environments
        self._idle: asyncio.Queue[tuple[Environment, asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._invocations: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Wait until all environments are ready, report that, and pass messages on until cancelled."""
        for environment in self._environments:
            reader, writer = await asyncio.open_connection(sock=environment.socket)
            if await reader.readline():
                self._idle.put_nowait((environment, reader, writer))
        write_line(f"ready {self._idle.qsize()}")
        while True:
            idle = await self._idle.get()
            while not (messages := (await asyncio.to_thread(self._receive)).get("Messages")):
                pass
            self._invocations.add(task := asyncio.create_task(self._invoke(messages[0], *idle)))
            task.add_done_callback(self._invocations.discard)

    def _receive(self) -> Any:
        return self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=20,
            AttributeNames=_ATTRIBUTES,
            MessageAttributeNames=_ATTRIBUTES,
        )

    async def _invoke(
        self,
        message: dict[str, Any],
        environment: Environment,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        write_line(f"invoked {environment.process} {message['Attributes']['MessageGroupId']}")
        try:
            writer.write(json.dumps({"Records": [build_record(message, self._queue_url)]}).encode() + b"\n")
            answer = await reader.readline()
        except ConnectionError:
            answer = b""
        if not answer:
            writer.close()  # the environment was killed
            return
        if not json.loads(answer)["batchItemFailures"]:
            receipt = message["ReceiptHandle"]
            await asyncio.to_thread(self._sqs.delete_message, QueueUrl=self._queue_url, ReceiptHandle=receipt)
        self._idle.put_nowait((environment, reader, writer))


def load_once(folder: Path) -> None:
    """Load what each environment would load again: descriptions of services, certificates, the library of holidays."""
    load_file = functools.cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _, path: load_file(path)  # type: ignore[method-assign]
    for service in SERVICES:
        boto3.client(service, region_name=os.environ["AWS_REGION"])
    # No call here is encrypted, but each client reads all certificates.
    first, end, _ = Path(str(get_cert_path(verify=True))).read_text(encoding="utf-8").partition(END_OF_CERTIFICATE)
    bundle = folder / "certificate.pem"
    bundle.write_text(f"{first}{end}\n", encoding="utf-8")
    os.environ["AWS_CA_BUNDLE"] = str(bundle)
    read_demo_profile("studio-lumen")


def main() -> None:
    """Start the environments, and pass messages to them until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue-url", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="folder for a file with a certificate")
    options = parser.parse_args()
    load_once(options.folder)
    sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name=os.environ["AWS_REGION"])
    gc.collect()
    gc.freeze()
    environments = [start_environment() for _ in range(options.count)]

    def stop(*_: object) -> None:
        for environment in environments:
            os.kill(environment.process, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    asyncio.run(EventSourceMapping(options.queue_url, sqs, environments).run())


if __name__ == "__main__":
    sys.exit(main())
