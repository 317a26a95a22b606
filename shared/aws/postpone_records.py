"""Hides the records of a Lambda event for a while, with a client that depends on no setting of ours."""

import functools
from collections.abc import Sequence
from typing import Any

from shared.consumer.lambda_event import SqsRecord
from shared.consumer.postponement import plan_postponements
from shared.errors import describe_error
from shared.lambda_start import log_error

_BATCH = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html"""


def postpone_records(records: Sequence[SqsRecord], *, component: str) -> None:
    """Hide every record for a pause that grows with its receives.

    What fails is logged: such a record is hidden for the visibility time-out of its queue, as after any failed event.
    """
    postponements = plan_postponements(records)
    failed: dict[str, str] = {}
    try:
        client, url = _open_queue(records[0]["eventSourceARN"])
        for first in range(0, len(postponements), _BATCH):
            batch = postponements[first : first + _BATCH]
            entries = [
                {"Id": str(n), "ReceiptHandle": one.record["receiptHandle"], "VisibilityTimeout": one.seconds}
                for n, one in enumerate(batch)
            ]
            answer = client.change_message_visibility_batch(QueueUrl=url, Entries=entries)
            failed |= {batch[int(one["Id"])].record["messageId"]: one["Code"] for one in answer.get("Failed") or ()}
    except Exception as error:  # noqa: BLE001 - whatever it is, the records must be reported as failed
        log_error("records_not_postponed", component=component, error=_describe(error), records=len(records))
        return
    if failed:
        log_error("records_not_postponed", component=component, error=", ".join(sorted(set(failed.values()))))
    log_error(
        "records_postponed",
        component=component,
        records=len(records) - len(failed),
        seconds=max(one.seconds for one in postponements),
    )


@functools.cache
def _open_queue(arn: str) -> tuple[Any, str]:
    """Return a client and the URL of a queue.

    SQS is asked for the URL, because its form may change
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html).
    """
    # Imported here: a botocore that can't be imported must not keep the event from being answered.
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import get_session  # noqa: PLC0415

    _, _, _, region, account, name = arn.split(":")
    timeouts = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    client = get_session().create_client("sqs", region_name=region, config=timeouts)
    return client, client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def _describe(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or describe_error(error))
