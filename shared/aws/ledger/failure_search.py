"""Finds failures through the indexes of their table: by tenant or by state, the latest first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.aws.ledger.failure_items import parse_outline
from shared.instants import to_sortable_text
from shared.ledger.failures import Failure, FailureFilter, FailureState
from shared.ledger.rules import is_match

MAX_PAGES = 60
"""How many pages of a megabyte one search reads at the most: more than a hundred thousand failures."""

_MAX_TENANTS = 20
"""Of more tenants than these not each is asked for: all failures are looked through."""

_MAX_CURSOR_CHARACTERS = 200
_BEFORE_ALL = "~"
"""Sorts after every instant: nothing was read so far."""

_Query = Callable[[str, str, str, str | None, dict[str, Any] | None], Awaitable[dict[str, Any]]]


class FailureSearch:
    """One search: rows of several partitions of an index, merged in the order of their cursors."""

    def __init__(
        self,
        *,
        client: Any,
        table: str,
        criteria: FailureFilter,
        limit: int,
        after: str | None,
        max_pages: int = MAX_PAGES,
    ) -> None:
        """Take what is wanted, and how many of them: where every row is wanted, no more are read at a time."""
        self._client = client
        self._table = table
        self._criteria = criteria
        self._limit = limit
        self._pages_left = max_pages
        self._began_after = after[:_MAX_CURSOR_CHARACTERS] if after else None
        self.reached = self._began_after
        """The cursor of the last row that was read; a search that ends early goes on after it."""

        self.is_complete = False
        """Whether everything was looked at."""

    async def find_outlines(self) -> AsyncIterator[Failure]:
        """Yield outlines of what is wanted, the latest first; ends early when enough was read."""
        readers = [_Reader(self._query_index, index, key, value) for index, key, value in self._list_partitions()]
        # A page of each, whatever the limit: so every search gets beyond the cursor at which it began.
        await asyncio.gather(*(self._fill_page(reader) for reader in readers))
        await asyncio.gather(*(self._fill_reader(reader) for reader in readers))
        while True:
            # A reader that found nothing up to its cursor may still find rows before it.
            floor = max((reader.got_to for reader in readers if reader.has_more and not reader.rows), default="")
            latest = max((reader for reader in readers if reader.rows), key=_get_next_cursor, default=None)
            if latest is None or _get_next_cursor(latest) < floor:
                break
            self.reached, outline = latest.rows.pop()
            if is_match(outline, self._criteria):
                yield outline
            await self._fill_reader(latest)
        self.reached = floor or self.reached
        self.is_complete = not floor

    async def _fill_reader(self, reader: "_Reader") -> None:
        while reader.has_more and not reader.rows and self._pages_left > 0:
            await self._fill_page(reader)

    async def _fill_page(self, reader: "_Reader") -> None:
        self._pages_left -= 1
        await reader.read_page(self._began_after)
        if reader.has_more and reader.got_to == self._began_after:
            # That was the row at which the search begins, and nothing else.
            await reader.read_page(self._began_after)

    def _list_partitions(self) -> list[tuple[str, str, str]]:
        tenants, states = self._criteria.tenants, self._criteria.states
        if tenants is not None and len(set(tenants)) <= _MAX_TENANTS:
            return [("by_tenant", "tenant", tenant) for tenant in sorted(set(tenants)) if tenant]
        return [("by_state", "state", state.value) for state in FailureState if states is None or state in states]

    async def _query_index(
        self, index: str, key: str, value: str, after: str | None, start: dict[str, Any] | None
    ) -> dict[str, Any]:
        conditions, values = ["#key = :key"], {":key": value}
        names = {"#key": key}
        if bounds := self._add_cursor_bounds(after, values):
            conditions.append(bounds)
            names["#place"] = "place"
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": " AND ".join(conditions),
            "ScanIndexForward": False,
        }
        # Whole names are compared where the rows are; the rest is looked at here.
        exact = {"queue": self._criteria.queue, "reason": self._criteria.reason}
        filters = {name: text for name, text in exact.items() if text is not None}
        if not (filters or self._must_inspect_rows(index)):
            request["Limit"] = self._limit + 1
        if filters:
            request["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in filters)
            names |= {f"#{name}": name for name in filters}
            values |= {f":{name}": text for name, text in filters.items()}
        if start:
            request["ExclusiveStartKey"] = start
        with translate_aws_errors("failures.find"):
            answer: dict[str, Any] = await self._client.query(
                **request, ExpressionAttributeNames=names, ExpressionAttributeValues=to_item(values)
            )
        return answer

    def _must_inspect_rows(self, index: str) -> bool:
        """Whether rows of the index may turn out not to be wanted, but for their times."""
        others = self._criteria.states if index == "by_tenant" else self._criteria.tenants
        return bool(self._criteria.text) or others is not None

    def _add_cursor_bounds(self, after: str | None, values: dict[str, str]) -> str:
        """Return the condition on cursors, and add its values. Both bounds are just outside of what is wanted."""
        until = to_sortable_text(self._criteria.until) if self._criteria.until else None
        ends = [text for text in (after, until) if text]
        if self._criteria.since:
            values[":since"] = to_sortable_text(self._criteria.since)
        if ends:
            values[":before"] = min(ends)
        match (":since" in values, bool(ends)):
            case (True, True) if values[":since"] <= values[":before"]:
                return "#place BETWEEN :since AND :before"
            case (_, True):
                # Also where nothing can be between them: what this finds is too old, and is not wanted.
                values.pop(":since", None)
                return "#place < :before"
            case (True, False):
                return "#place >= :since"
            case _:
                return ""


class _Reader:
    """The rows of one partition, page by page."""

    def __init__(self, query: _Query, index: str, key: str, value: str) -> None:
        self._query = query
        self._partition = (index, key, value)
        self._start: dict[str, Any] | None = None
        self.rows: list[tuple[str, Failure]] = []
        """Cursors and outlines, the next one last."""
        self.has_more = True
        self.got_to = _BEFORE_ALL
        """The cursor up to which rows were read, if there are more."""

    async def read_page(self, after: str | None) -> None:
        """Read a page; keep those rows that come after the cursor."""
        answer = await self._query(*self._partition, after, self._start)
        rows = ((item["place"]["S"], item) for item in reversed(answer.get("Items", ())))
        # BETWEEN takes its bounds in.
        self.rows = [(cursor, parse_outline(item)) for cursor, item in rows if cursor != after]
        self._start = answer.get("LastEvaluatedKey")
        self.has_more = self._start is not None
        if self._start:
            self.got_to = from_item(self._start)["place"]


def _get_next_cursor(reader: _Reader) -> str:
    return reader.rows[-1][0]
