"""The sync tokens of calendars: one suite for the fake and the table."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.ids import new_id
from shared.retention import SYNC_TOKEN_RETENTION
from tests.fakes.internal_commands import FakeSyncTokens
from workers.booking.adapters.sync_tokens import DynamoSyncTokens
from workers.booking.ports import LastSync

NOON = datetime(2026, 1, 12, 12, 0, 0, 123456, tzinfo=UTC)
FIRST, SECOND = LastSync("first", NOON), LastSync("second", NOON + timedelta(minutes=1))


@pytest.fixture(params=["memory", "dynamodb"])
def tokens(request):
    if request.param == "memory":
        return FakeSyncTokens()
    return DynamoSyncTokens(client=request.getfixturevalue("dynamodb"), table="CalendarsTable")


@pytest.fixture
def calendar_id():
    return f"{new_id()}@example.com"


async def test_a_calendar_that_was_never_read_has_no_token(tokens, calendar_id):
    """The first sync starts without a token."""
    assert await tokens.get(calendar_id) is None


async def test_a_sync_is_stored(tokens, calendar_id):
    """With its instant; another calendar has its own."""
    assert await tokens.put(calendar_id, FIRST, tenant="salon", replaces=None)
    assert await tokens.get(calendar_id) == FIRST
    assert await tokens.put(calendar_id, SECOND, tenant="salon", replaces="first")
    assert await tokens.get(calendar_id) == SECOND
    assert await tokens.get(f"x{calendar_id}") is None


@pytest.mark.parametrize("replaces", [None, "before"])
async def test_an_overtaken_sync_is_not_stored(tokens, calendar_id, replaces):
    """It began with a token other than the stored one, or with none."""
    await tokens.put(calendar_id, SECOND, tenant="salon", replaces=None)
    assert not await tokens.put(calendar_id, FIRST, tenant="salon", replaces=replaces)
    assert await tokens.get(calendar_id) == SECOND


async def test_a_sync_without_its_row_is_not_stored(tokens, calendar_id):
    """The row that it began with is gone."""
    assert not await tokens.put(calendar_id, SECOND, tenant="salon", replaces="first")
    assert await tokens.get(calendar_id) is None


async def test_the_same_token_is_stored_again(tokens, calendar_id):
    """Google may return a token twice if nothing has changed; the instant is the later one."""
    await tokens.put(calendar_id, FIRST, tenant="salon", replaces=None)
    again = LastSync("first", NOON + timedelta(minutes=5))
    assert await tokens.put(calendar_id, again, tenant="salon", replaces="first")
    assert await tokens.get(calendar_id) == again


async def test_the_row_of_an_unused_calendar_expires(emulator, dynamodb, calendar_id):
    """The row has the tenant of the sync, and its expiry."""
    tokens = DynamoSyncTokens(client=dynamodb, table="CalendarsTable")
    await tokens.put(calendar_id, FIRST, tenant="salon", replaces=None)
    table = emulator.client("dynamodb")
    item = table.get_item(TableName="CalendarsTable", Key={"calendar_id": {"S": calendar_id}})["Item"]
    assert item["tenant"] == {"S": "salon"}
    assert item["expires_at"] == {"N": str(int((NOON + SYNC_TOKEN_RETENTION).timestamp()))}
