"""A search over several partitions, page by page, that gives up for now: nothing is left out or comes twice."""

import random
from datetime import timedelta

from shared.aws.ledger.failure_items import failure_to_items
from shared.aws.ledger.failure_search import FailureSearch
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.ledger.failures import Failure, FailureFilter, FailureState
from shared.ledger.rules import is_match, make_cursor
from tests.fakes.clock import NOON

CIPHER = PayloadCipher(["k" * 64])
TENANTS = ("a", "b", "c", None)


class PagedTable:
    """Answers queries of an index a few rows at a time, as DynamoDB does when a megabyte is full."""

    def __init__(self, failures, page):
        self.rows = [(failure, failure_to_items(failure, CIPHER, NOON)[0]) for failure in failures]
        self.page = page
        self.queries = 0

    async def query(self, **request):
        self.queries += 1
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        texts = {name: value["S"] for name, value in values.items()}
        start = request.get("ExclusiveStartKey", {}).get("place", {}).get("S", "~")
        low = texts.get(":since", "")
        high = texts.get(":before", "~")
        takes_in = "BETWEEN" in request["KeyConditionExpression"]
        rows = [
            item
            for failure, item in sorted(self.rows, key=lambda row: make_cursor(row[0]), reverse=True)
            if item.get(names["#key"], {}).get("S") == texts[":key"]
            if low <= make_cursor(failure)
            and (make_cursor(failure) < high or (takes_in and make_cursor(failure) == high))
            if make_cursor(failure) < start
        ]
        size = min(self.page, request.get("Limit", self.page))
        page, more = rows[:size], rows[size:]
        kept = [
            row for row in page if all(row[n]["S"] == texts[f":{n}"] for n in ("queue", "reason") if f":{n}" in texts)
        ]
        return {"Items": kept, **({"LastEvaluatedKey": {"place": page[-1]["place"]}} if more else {})}


def made(dice, number):
    at = NOON + timedelta(seconds=dice.randrange(12))
    return Failure(
        failure_id=f"{number:032}",
        queue=dice.choice(["chat", "booking"]),
        group=None,
        payload="{}",
        reason=dice.choice(["bug", "timeout"]),
        error="",
        attempts=0,
        first_at=at,
        last_at=at,
        state=dice.choice(list(FailureState)),
        tenant=dice.choice(TENANTS),
    )


def filtered(dice):
    def perhaps(value):
        return value if dice.random() < 0.3 else None

    return FailureFilter(
        queue=perhaps("chat"),
        tenants=perhaps(dice.sample(["a", "b", "c"], dice.randrange(3))),
        states=perhaps(dice.sample(list(FailureState), dice.randrange(4))),
        reason=perhaps("bug"),
        since=perhaps(NOON + timedelta(seconds=dice.randrange(12))),
        until=perhaps(NOON + timedelta(seconds=dice.randrange(12))),
        text=perhaps("3"),
    )


async def search_all(table, criteria, *, limit, max_pages):
    """Search again and again from where the last search ended, as somebody does who turns pages."""
    found, after = [], None
    for _ in range(1000):
        search = FailureSearch(
            client=table, table="t", criteria=criteria, limit=limit, after=after, max_pages=max_pages
        )
        recorded = 0
        async for outline in search.find_outlines():
            found.append(outline.failure_id)
            recorded += 1
            if recorded == limit:
                break
        else:
            if search.is_complete:
                return found
        assert after is None or search.reached < after, "no search may end where it began"
        after = search.reached
    raise AssertionError("the search never ends")


async def test_every_search_finds_each_once_and_in_order():
    """Whatever the filter, the size of the pages, and how soon a search gives up for now."""
    for seed in range(100):
        dice = random.Random(seed)
        failures = [made(dice, number) for number in range(dice.randrange(60))]
        table, criteria = PagedTable(failures, dice.randint(1, 7)), filtered(dice)
        meant = sorted((one for one in failures if is_match(one, criteria)), key=make_cursor, reverse=True)
        found = await search_all(table, criteria, limit=dice.randint(1, 9), max_pages=dice.randint(1, 9))
        assert found == [one.failure_id for one in meant], f"seed {seed}"


async def test_a_search_reads_no_more_than_it_may():
    """A text that is nowhere, in a ledger without an end: what was looked at is said, and the next search goes on."""
    table = PagedTable([made(random.Random(number), number) for number in range(200)], 2)
    search = FailureSearch(
        client=table, table="t", criteria=FailureFilter(text="nowhere"), limit=5, after=None, max_pages=9
    )
    assert [one async for one in search.find_outlines()] == []
    assert table.queries == 9
    assert not search.is_complete
    assert search.reached
