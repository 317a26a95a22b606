"""How far calendars were read: one suite on the fake and on the table."""

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
    """The first reading starts from nothing."""
    assert await tokens.get(calendar_id) is None


async def test_a_reading_is_kept(tokens, calendar_id):
    """With its instant, as it was given; another calendar's is another's."""
    assert await tokens.put(calendar_id, FIRST, tenant="salon", replaces=None)
    assert await tokens.get(calendar_id) == FIRST
    assert await tokens.put(calendar_id, SECOND, tenant="salon", replaces="first")
    assert await tokens.get(calendar_id) == SECOND
    assert await tokens.get(f"x{calendar_id}") is None


@pytest.mark.parametrize("replaces", [None, "before"])
async def test_a_reading_that_was_overtaken_is_not_kept(tokens, calendar_id, replaces):
    """It began with another token than the one that is kept, or with none."""
    await tokens.put(calendar_id, SECOND, tenant="salon", replaces=None)
    assert not await tokens.put(calendar_id, FIRST, tenant="salon", replaces=replaces)
    assert await tokens.get(calendar_id) == SECOND


async def test_a_reading_that_continues_nothing_is_not_kept(tokens, calendar_id):
    """The row that it began with is gone."""
    assert not await tokens.put(calendar_id, SECOND, tenant="salon", replaces="first")
    assert await tokens.get(calendar_id) is None


async def test_the_same_token_again_is_kept(tokens, calendar_id):
    """Google may give a token twice, when nothing has changed; the instant is the later one."""
    await tokens.put(calendar_id, FIRST, tenant="salon", replaces=None)
    again = LastSync("first", NOON + timedelta(minutes=5))
    assert await tokens.put(calendar_id, again, tenant="salon", replaces="first")
    assert await tokens.get(calendar_id) == again


async def test_a_calendar_that_nobody_reads_is_forgotten(emulator, dynamodb, calendar_id):
    """The row says whose reading it was, and when it ends."""
    tokens = DynamoSyncTokens(client=dynamodb, table="CalendarsTable")
    await tokens.put(calendar_id, FIRST, tenant="salon", replaces=None)
    table = emulator.client("dynamodb")
    item = table.get_item(TableName="CalendarsTable", Key={"calendar_id": {"S": calendar_id}})["Item"]
    assert item["tenant"] == {"S": "salon"}
    assert item["expires_at"] == {"N": str(int((NOON + SYNC_TOKEN_RETENTION).timestamp()))}
