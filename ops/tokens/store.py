"""Desk tokens in the table `usage`, which the desk reads and writes anyway, in a partition that no tenant can have."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ops.tokens.values import DeskToken
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.instants import from_milliseconds, to_milliseconds
from shared.retention import DESK_TOKEN_RETENTION, compute_expiry

_PARTITION = "#desk-tokens"


class DynamoDeskTokens:
    """`DeskTokenStore`; `docs/data.md` describes the rows. Reads are consistent."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def add(self, token: DeskToken) -> None:
        """Add a token."""
        with translate_aws_errors("desk_tokens.add"):
            await self._client.put_item(
                TableName=self._table,
                Item=to_item(_build_row(token)),
                ConditionExpression="attribute_not_exists(tenant)",
            )

    async def get(self, token_id: str) -> DeskToken | None:
        """Return a token."""
        with translate_aws_errors("desk_tokens.get"):
            answer = await self._client.get_item(
                TableName=self._table, Key=to_item(_build_key(token_id)), ConsistentRead=True
            )
        return _parse_row(from_item(answer["Item"])) if "Item" in answer else None

    async def list_tokens(self) -> Sequence[DeskToken]:
        """Return all tokens."""
        tokens: list[DeskToken] = []
        start: dict[str, Any] = {}
        while True:
            with translate_aws_errors("desk_tokens.list"):
                answer = await self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="tenant = :partition",
                    ExpressionAttributeValues=to_item({":partition": _PARTITION}),
                    ConsistentRead=True,
                    **start,
                )
            tokens += [_parse_row(from_item(item)) for item in answer["Items"]]
            if not answer.get("LastEvaluatedKey"):
                return tokens
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    async def record_use(self, token_id: str, at: datetime) -> None:
        """Record a sign-in."""
        await self._set(token_id, "SET last_used_ms = :at", at, operation="desk_tokens.use")

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """Revoke a token."""
        expression = "SET revoked_ms = if_not_exists(revoked_ms, :at)"
        return await self._set(token_id, expression, at, operation="desk_tokens.revoke")

    async def _set(self, token_id: str, expression: str, at: datetime, *, operation: str) -> bool:
        """Return False, and write nothing, if the row is gone: another one would have no end."""
        with translate_aws_errors(operation):
            try:
                await self._client.update_item(
                    TableName=self._table,
                    Key=to_item(_build_key(token_id)),
                    UpdateExpression=expression,
                    ConditionExpression="attribute_exists(tenant)",
                    ExpressionAttributeValues=to_item({":at": to_milliseconds(at)}),
                )
            except ClientError as error:
                if get_error_code(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True


def _build_key(token_id: str) -> dict[str, Any]:
    return {"tenant": _PARTITION, "day": f"token#{token_id}"}


def _build_row(token: DeskToken) -> dict[str, Any]:
    return {
        **_build_key(token.token_id),
        "name": token.name,
        "tenants": None if token.tenants is None else " ".join(sorted(token.tenants)),
        "issued_ms": to_milliseconds(token.issued_at),
        "issued_by": token.issued_by,
        "ends_ms": to_milliseconds(token.expires_at),
        "seal": token.seal,
        "expires_at": compute_expiry(token.expires_at, DESK_TOKEN_RETENTION),
    }


def _parse_row(row: dict[str, Any]) -> DeskToken:
    used, revoked = row.get("last_used_ms"), row.get("revoked_ms")
    return DeskToken(
        token_id=row["day"].partition("#")[2],
        name=row["name"],
        tenants=frozenset(row["tenants"].split()) if "tenants" in row else None,
        issued_at=from_milliseconds(row["issued_ms"]),
        issued_by=row["issued_by"],
        expires_at=from_milliseconds(row["ends_ms"]),
        seal=row["seal"],
        last_used_at=None if used is None else from_milliseconds(used),
        revoked_at=None if revoked is None else from_milliseconds(revoked),
    )
