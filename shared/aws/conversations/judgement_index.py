"""Judged answers of a tenant: a sparse index of the `conversations` table, and the attributes that it is made of.

`api_gateway_ws/adapters/judgements.py` writes them on the row of the judged frame, so a judgement is deleted with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.aws.conversations.frame_items import parse_frame
from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.conversations.judgements import JudgedAnswer, Judgement, Verdict
from shared.messages.server import ChatFinal

INDEX = "by-verdict"

_ATTRIBUTES = ("verdict", "verdict_reason", "judged_at")


def parse_judgements(items: Iterable[Mapping[str, Any]]) -> Mapping[int, Judgement]:
    """Return the judgements in rows of frames, by the number of the frame."""
    found = ((int(item["seq"]["N"]), _parse_judgement(item)) for item in items if "judged_at" in item)
    return dict(found)


class DynamoJudgedAnswers:
    """Index `by-verdict`: partition key `tenant_verdict`, sort key `judged_at`; only judged answers are in it."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def list_judged(self, tenant: str, verdict: Verdict, *, limit: int) -> Sequence[JudgedAnswer]:
        """Return the answers with a verdict, the latest judgement first; what is a second old may be missing."""
        with translate_aws_errors("conversations.judged"):
            answer = await self._client.query(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="tenant_verdict = :tenant",
                ExpressionAttributeValues=to_item({":tenant": f"{tenant}#{verdict}"}),
                ScanIndexForward=False,
                Limit=limit,
            )
        judged: list[JudgedAnswer] = []
        for item in answer.get("Items", ()):
            frame = parse_frame(item)
            if isinstance(frame, ChatFinal):
                session_id, seq = item["session_id"]["S"], int(item["seq"]["N"])
                judged.append(JudgedAnswer(session_id, seq, frame.data.text, _parse_judgement(item)))
        return judged


def _parse_judgement(item: Mapping[str, Any]) -> Judgement:
    row = from_item({name: item[name] for name in _ATTRIBUTES if name in item})
    return Judgement(row["verdict"], row.get("verdict_reason", ""), datetime.fromisoformat(row["judged_at"]))
