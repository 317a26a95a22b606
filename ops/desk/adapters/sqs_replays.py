"""Puts failures back on their queues, each in its group."""

from collections.abc import Mapping
from typing import Any

from ops.desk.domain.payload import numbered
from shared.aws.errors import translate_aws_errors
from shared.aws.tracing import trace_attribute
from shared.errors import PermanentError
from shared.ledger.failures import Failure
from shared.trace import Trace


class SqsReplays:
    """The way back to the workers' queues."""

    def __init__(self, *, client: Any, urls: Mapping[str, str]) -> None:
        """Take the queues' URLs by the names that failures have for them."""
        self._client = client
        self._urls = urls

    async def put(self, failure: Failure) -> None:
        """Queue the payload as replay number `failure.replays`, in its group; the same one twice is harmless.

        A FIFO queue swallows the second one by its deduplication id, the claim's key; the claim does it elsewhere.
        """
        body = numbered(failure)
        if body is None:
            raise PermanentError("unreadable", "what is no JSON object can't be replayed")
        url = self._urls.get(failure.queue)
        if url is None:
            raise PermanentError("unknown_queue", f"there is no queue {failure.queue!r} to put it on")
        if url.endswith(".fifo"):
            key = failure.command_id or failure.failure_id
            ordering = {
                "MessageGroupId": failure.group or failure.session_id or failure.failure_id,
                "MessageDeduplicationId": f"{key}#r{failure.replays}",
            }
        else:
            group = failure.group or failure.tenant
            ordering = {"MessageGroupId": group} if group else {}
        with translate_aws_errors("sqs.replay"):
            await self._client.send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageSystemAttributes=trace_attribute(Trace.parse(failure.trace) if failure.trace else None),
                **ordering,
            )
