"""The event that Lambda passes to the function of an event-source mapping, and the response that it expects.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from typing import NotRequired, Protocol, TypedDict


class MessageAttribute(TypedDict):
    """One attribute of a message; a binary one has no string value."""

    stringValue: NotRequired[str]


class SqsRecord(TypedDict):
    """One message."""

    messageId: str
    receiptHandle: str
    body: str
    attributes: NotRequired[dict[str, str]]
    messageAttributes: NotRequired[dict[str, MessageAttribute]]
    eventSourceARN: str
    """The ARN of the queue."""


class SqsEvent(TypedDict):
    """The messages of one receive, all of one queue."""

    Records: list[SqsRecord]


class BatchItemFailure(TypedDict):
    """A message that Lambda must not delete."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """Which messages failed: Lambda deletes all others (`ReportBatchItemFailures`)."""

    batchItemFailures: list[BatchItemFailure]


class LambdaContext(Protocol):
    """The context of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        ...
