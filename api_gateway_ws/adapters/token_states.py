"""Which resume tokens of a session are accepted: a row in `connections`, read at `$connect`, written daily at most."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from api_gateway_ws.adapters.attributes import to_item
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.instants import from_milliseconds, to_milliseconds
from shared.resume_tokens import TOKEN_OVERLAP, TokenState, derive_state_key
from shared.retention import TOKEN_STATE_RETENTION, compute_expiry


class DynamoTokenStates:
    """`TokenStates`; the read is consistent, so that a revocation counts from the next `$connect` on."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, session_id: str) -> TokenState:
        """Return what is stored about the session's tokens."""
        with translate_aws_errors("tokens.read"):
            answer = self._client.get_item(
                TableName=self._table, Key=to_item(dict(derive_state_key(session_id))), ConsistentRead=True
            )
        item = answer.get("Item", {})
        rotated_ms = item.get("rotated_ms", {}).get("N")
        return TokenState(
            rotated_at=from_milliseconds(int(rotated_ms)) if rotated_ms else None, is_revoked="revoked_ms" in item
        )

    def rotate(self, session_id: str, now: datetime) -> None:
        """Refuse the tokens from before `now` in a day; another rotation within the last day stands."""
        with translate_aws_errors("tokens.rotate"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_item(dict(derive_state_key(session_id))),
                    UpdateExpression="SET rotated_ms = :now, expires_at = :expires",
                    ConditionExpression=(
                        "(attribute_not_exists(rotated_ms) OR rotated_ms <= :before) "
                        "AND attribute_not_exists(revoked_ms)"
                    ),
                    ExpressionAttributeValues=to_item(
                        {
                            ":now": to_milliseconds(now),
                            ":before": to_milliseconds(now - TOKEN_OVERLAP),
                            ":expires": compute_expiry(now, TOKEN_STATE_RETENTION),
                        }
                    ),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
