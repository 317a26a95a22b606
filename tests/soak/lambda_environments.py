"""Runs the function of the chat worker in many processes, each a Lambda environment: `tests.soak.lambda_environments`.

The emulator gives a function the messages of a FIFO queue in turn, where AWS starts an environment for each group.
Here each process is an environment: it takes one message, passes it to the handler as an event-source mapping does, and
deletes it unless the handler reports it as failed. A process that is killed is replaced, and its message stays hidden
as long as the queue says. All are forked from one that has loaded the libraries, so that they start at once.
"""

import argparse
import os
import signal
import sys
import time
from typing import Any

import boto3

import workers.chat.wiring  # noqa: F401 - loaded once, before the processes are forked

TIMEOUT_SECONDS = 120
"""The time-out of the function in the template."""

_ATTRIBUTES = ["All"]


class Context:
    """What Lambda passes besides the event."""

    def __init__(self) -> None:
        self._ends_at = time.monotonic() + TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the function's time-out."""
        return round((self._ends_at - time.monotonic()) * 1000)


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


def run_environment(queue_url: str, ready: int) -> None:
    """Open the worker, report that, and process one message after the other."""
    from workers.chat.lambda_function import handler  # noqa: PLC0415 - it opens the worker, which belongs to this process

    sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name=os.environ["AWS_REGION"])
    os.write(ready, f"{os.getpid()}\n".encode())
    while True:
        received = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=20,
            AttributeNames=_ATTRIBUTES,
            MessageAttributeNames=_ATTRIBUTES,
        )
        for message in received.get("Messages", ()):
            answer = handler({"Records": [build_record(message, queue_url)]}, Context())
            if not answer["batchItemFailures"]:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def main() -> None:
    """Start the processes, print their ids once all are ready, and replace those that end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue-url", required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    reader, writer = os.pipe()
    running: set[int] = set()

    def start() -> None:
        process = os.fork()
        if process == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            run_environment(options.queue_url, writer)
        running.add(process)

    def stop(*_: object) -> None:
        for process in running:
            os.kill(process, signal.SIGKILL)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    for _ in range(options.count):
        start()
    with os.fdopen(reader) as lines:
        ready = [int(next(lines)) for _ in range(options.count)]
        print("ready", *ready, flush=True)
        while True:
            ended, _ = os.wait()
            running.discard(ended)
            start()


if __name__ == "__main__":
    main()
