"""Revokes the resume tokens of a session, in `connections`, where the authorizer looks at `$connect`."""

from datetime import datetime
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import to_item
from shared.instants import to_milliseconds
from shared.resume_tokens import derive_state_key
from shared.retention import TOKEN_STATE_RETENTION, compute_expiry


class DynamoTokenRevocations:
    """`TokenRevocations`; a row says it as long as a token of the session can be valid."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def revoke_tokens(self, session_id: str, *, now: datetime) -> None:
        """Refuse every token of the session from now on."""
        with translate_aws_errors("tokens.revoke"):
            await self._client.update_item(
                TableName=self._table,
                Key=to_item(derive_state_key(session_id)),
                UpdateExpression="SET revoked_ms = if_not_exists(revoked_ms, :now), expires_at = :expires",
                ExpressionAttributeValues=to_item(
                    {":now": to_milliseconds(now), ":expires": compute_expiry(now, TOKEN_STATE_RETENTION)}
                ),
            )
