"""Visitors' judgements in DynamoDB: attributes of the row that has the judged frame."""

from typing import Any

from botocore.exceptions import ClientError

from api_gateway_ws.adapters.attributes import to_item
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.conversations.judgements import ERASED_VERDICT, Judgement


class DynamoJudgements:
    """Reads `conversations`, and writes attributes of its own there (`shared/aws/conversations/judgement_index.py`).

    The role may update no other attribute, and no row is created: what was erased, or has expired, stays away.
    """

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read_frame(self, session_id: str, seq: int) -> str | None:
        """Return one durable frame as JSON."""
        with translate_aws_errors("conversations.frame"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="session_id = :session AND seq = :seq",
                ExpressionAttributeValues=to_item({":session": session_id, ":seq": seq}),
                ConsistentRead=True,
            )
        texts: list[str] = [item["frame"]["S"] for item in answer["Items"] if "frame" in item]
        return texts[0] if texts else None

    def store_judgement(self, session_id: str, seq: int, judgement: Judgement, *, tenant: str) -> bool:
        """Store a judgement if the row is still there."""
        with translate_aws_errors("conversations.judge"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_item({"session_id": session_id, "seq": seq}),
                    UpdateExpression=(
                        "SET verdict = :verdict, verdict_reason = :reason, judged_at = :at, tenant_verdict = :tenant"
                    ),
                    ConditionExpression=(
                        "attribute_exists(session_id) AND (attribute_not_exists(verdict) OR verdict <> :erased)"
                    ),
                    ExpressionAttributeValues=to_item(
                        {
                            ":verdict": judgement.verdict,
                            ":reason": judgement.reason,
                            ":at": judgement.at.isoformat(),
                            ":tenant": f"{tenant}#{judgement.verdict}",
                            ":erased": ERASED_VERDICT,
                        }
                    ),
                )
            except ClientError as error:
                if get_error_code(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True
