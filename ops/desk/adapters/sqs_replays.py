"""Sends replays to the workers' SQS queues, each in its message group."""

from collections.abc import Mapping
from typing import Any

from ops.desk.domain.payload import build_replay_payload
from shared.aws.errors import translate_aws_errors
from shared.aws.tracing import build_trace_attribute
from shared.errors import PermanentError
from shared.ledger.failures import Failure
from shared.trace import Trace


class SqsReplayQueues:
    """The `ReplayQueues` on SQS."""

    def __init__(self, *, client: Any, urls: Mapping[str, str]) -> None:
        """Take the URLs by the queue names that failures have."""
        self._client = client
        self._urls = urls

    async def send_replay(self, failure: Failure) -> None:
        """Send the payload as replay number `failure.replays`, in its message group; sending it twice has no effect.

        A FIFO queue drops the second one by its deduplication id, the claim's key; on other queues the claim does.
        """
        body = build_replay_payload(failure)
        if body is None:
            raise PermanentError("unreadable", "a payload that is not a JSON object can't be replayed")
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
                MessageSystemAttributes=build_trace_attribute(Trace.parse(failure.trace) if failure.trace else None),
                **ordering,
            )
