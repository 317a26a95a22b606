"""The contract of the suppression list, in memory and in the table."""

from datetime import timedelta

import pytest

from shared.aws.suppressions import DynamoSuppressions
from shared.ids import new_id
from shared.suppressions import Suppression, derive_suppression_key
from tests.fakes.suppressions import FakeSuppressions

SECRET = b"a secret of the deployment"
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "dynamodb"])
def suppressions(request):
    if request.param == "memory":
        return FakeSuppressions(SECRET)
    return DynamoSuppressions(client=request.getfixturevalue("dynamodb"), table="SuppressionsTable", secret=SECRET)


@pytest.fixture
def address():
    return f"jan-{new_id()}@example.com"


@pytest.mark.parametrize("reason", ["bounced", "complained"])
async def test_what_is_noted_for_good_stays(suppressions, address, clock, reason):
    """However it is written, and until a person removes it."""
    noted = Suppression(reason, clock.now())
    assert await suppressions.find(address, at=clock.now()) is None
    await suppressions.add(address, noted)

    for written in (address, address.upper(), f" {address} "):
        assert await suppressions.find(written, at=clock.now() + timedelta(days=3650)) == noted
    assert await suppressions.find(f"x{address}", at=clock.now()) is None
    assert await suppressions.remove(address.title()) is True
    assert await suppressions.remove(address) is False
    assert await suppressions.find(address, at=clock.now()) is None


async def test_what_passes_is_over_at_its_end(suppressions, address, clock):
    """Whenever the table forgets it."""
    end = clock.now() + HOUR
    await suppressions.add(address, Suppression("full", clock.now(), end))

    assert await suppressions.find(address, at=end - timedelta(milliseconds=1)) is not None
    assert await suppressions.find(address, at=end) is None


async def test_the_later_end_counts(suppressions, address, clock):
    """Whichever word comes first: a full mailbox does not bring back one that is gone."""
    now = clock.now()
    short, long = Suppression("full", now, now + HOUR), Suppression("full", now, now + 2 * HOUR)
    gone, complained = Suppression("bounced", now), Suppression("complained", now + HOUR)
    for added, kept in ((long, long), (short, long), (gone, gone), (long, gone), (complained, gone)):
        await suppressions.add(address, added)
        assert await suppressions.find(address, at=now) == kept


async def test_the_table_knows_no_address(dynamodb, address, clock):
    """Only a keyed hash; what is there for good has no time to live."""
    store = DynamoSuppressions(client=dynamodb, table="SuppressionsTable", secret=SECRET)
    await store.add(address, Suppression("bounced", clock.now()))
    key = {"address_hash": {"S": derive_suppression_key(SECRET, address)}}
    item = (await dynamodb.get_item(TableName="SuppressionsTable", Key=key))["Item"]

    assert "jan" not in str(item)
    assert "expires_at" not in item
    assert derive_suppression_key(b"another", address) != derive_suppression_key(SECRET, address)


async def test_all_spellings_of_a_mailbox_are_suppressed(suppressions, clock):
    """Where the provider delivers all of them to it; removing one of them brings the mailbox back."""
    name = f"jan{new_id()}"
    reported = f"{name[:3]}.{name[3:]}+shop@googlemail.com"
    await suppressions.add(reported, Suppression("complained", clock.now()))
    for spelling in (reported, f"{name}@gmail.com", f"{name}+other@gmail.com"):
        assert await suppressions.find(spelling, at=clock.now()) == Suppression("complained", clock.now())
    assert await suppressions.remove(reported) is True
    assert await suppressions.find(f"{name}@gmail.com", at=clock.now()) is None
    assert await suppressions.find(reported, at=clock.now()) is None


async def test_an_address_is_looked_up_in_its_merged_spelling(suppressions, address, clock):
    """A sub-address of a suppressed address gets no e-mail, but an address is not suppressed with its sub-address."""
    name, _, domain = address.partition("@")
    await suppressions.add(address, Suppression("bounced", clock.now()))
    assert await suppressions.find(f"{name}+new@{domain}", at=clock.now()) is not None

    await suppressions.add(f"victim-{address}".replace("@", "+nonsense@"), Suppression("bounced", clock.now()))
    assert await suppressions.find(f"victim-{address}", at=clock.now()) is None
