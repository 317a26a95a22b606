"""Stores a frame and its marker in steps, which cost half as much as one transaction."""

from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.claims import Claim
from shared.conversations.ports import Marker
from shared.errors import LeaseLostError

_CONDITION_FAILED = "ConditionalCheckFailedException"


class FrameSteps:
    """The steps: check the claim, put the frame if its number is free, set the marker in the command's record.

    The order makes a frame unique. Its number was the next one before the claim was checked, so whoever stored a frame
    for the command after the check took that number, and the put fails. Whoever stored one earlier had an earlier
    claim, so only the worker of a later claim can meet a frame without a marker, and it looks for one.
    """

    def __init__(self, client: Any, *, table: str, processed_table: str) -> None:
        self._client = client
        self._table = table
        self._processed_table = processed_table

    async def read_marker(self, claim: Claim, marker: Marker) -> int | None:
        """Check the claim, and return the number that the marker has.

        Raises:
            LeaseLostError: another worker owns the command.
        """
        with translate_aws_errors("conversations.marker"):
            answer = await self._client.get_item(
                TableName=self._processed_table, Key=to_item({"command_key": claim.key}), ConsistentRead=True
            )
        record = from_item(answer.get("Item", {}))
        if record.get("owner") != claim.owner:
            raise LeaseLostError(claim.key)
        seq: int | None = record.get(f"{marker}_seq")
        return seq

    async def find_unmarked(self, session_id: str, claim: Claim, marker: Marker) -> int | None:
        """Return the number of the frame that an earlier worker stored for the command before it could set the marker.

        All frames of the session are read, which only attempts after the first one need.
        """
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "session_id = :session AND seq > :zero",
            "FilterExpression": "command_key = :key AND marker = :marker",
            "ProjectionExpression": "seq",
            "ExpressionAttributeValues": to_item(
                {":session": session_id, ":zero": 0, ":key": claim.key, ":marker": marker}
            ),
            "ConsistentRead": True,
        }
        while True:
            with translate_aws_errors("conversations.unmarked"):
                answer = await self._client.query(**query)
            if items := answer.get("Items"):
                return int(from_item(items[0])["seq"])
            if not (after := answer.get("LastEvaluatedKey")):
                return None
            query["ExclusiveStartKey"] = after

    async def put_frame(self, item: dict[str, Any], claim: Claim, marker: Marker) -> bool:
        """Put a frame with what it is to its command; return False if its number is another frame's.

        A number that the same frame has is no failure: the client repeats a put whose answer was lost.
        """
        written = {**item, **to_item({"command_key": claim.key, "marker": marker})}
        with translate_aws_errors("conversations.put"):
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=written,
                    ConditionExpression="attribute_not_exists(seq)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                return bool(error.response.get("Item") == written)
        return True

    async def set_marker(self, claim: Claim, marker: Marker, seq: int) -> None:
        """Set the marker; with the outcome the command is done.

        Raises:
            LeaseLostError: another worker owns the command; it looks for the frame.
        """
        ends = marker == "outcome"
        with translate_aws_errors("conversations.mark"):
            try:
                await self._client.update_item(
                    TableName=self._processed_table,
                    Key=to_item({"command_key": claim.key}),
                    UpdateExpression="SET #marker = :seq" + (", done = :done" if ends else ""),
                    ConditionExpression="#owner = :owner AND (attribute_not_exists(#marker) OR #marker = :seq)",
                    ExpressionAttributeNames={"#owner": "owner", "#marker": f"{marker}_seq"},
                    ExpressionAttributeValues=to_item(
                        {":owner": claim.owner, ":seq": seq, ":done": True if ends else None}
                    ),
                )
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                raise LeaseLostError(claim.key) from error
