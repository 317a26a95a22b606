"""The errors of SQS, in the format of its JSON protocol."""

import json
from dataclasses import dataclass

_QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}
"""Codes that differ in the older query protocol; clients that support both report the older one."""


@dataclass
class SqsError(Exception):
    """A call, or one entry of a batch, that is refused."""

    code: str
    message: str
    status: int = 400

    @property
    def body(self) -> bytes:
        """Return the answer's body."""
        return json.dumps({"__type": f"com.amazonaws.sqs#{self.code}", "message": self.message}).encode()

    @property
    def query_error(self) -> str:
        """Return the header `x-amzn-query-error`."""
        fault = "Sender" if self.status < 500 else "Receiver"
        return f"{_QUERY_CODES.get(self.code, self.code)};{fault}"


def no_such_queue() -> SqsError:
    """Return the refusal of an unknown queue."""
    return SqsError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid_parameter(message: str) -> SqsError:
    """Return the refusal of a value."""
    return SqsError("InvalidParameterValue", message)


def invalid_receipt(receipt: str) -> SqsError:
    """Return the refusal of a receipt handle that is not from this queue."""
    return SqsError("ReceiptHandleIsInvalid", f'The input receipt handle "{receipt}" is not a valid receipt handle.')


def expired_receipt(receipt: str) -> SqsError:
    """Return the refusal of a FIFO queue after the visibility timeout has ended."""
    reason = "The receipt handle has expired."
    return invalid_parameter(f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: {reason}")
