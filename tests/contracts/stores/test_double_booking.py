"""Whatever a crowd does at once, no two visits share a lane and an instant; and this test would notice."""

import random
from collections import Counter
from datetime import timedelta

from shared.aws.claims import DynamoClaimStore
from shared.aws.items import from_item
from shared.messages.errors import ErrorCode
from tests.contracts.stores.crowd import CAP, DAYS, PROFILE, Crowd, has_room, is_standing, overlaps, standing
from tests.fakes.clock import FakeClock
from workers.booking.adapters.appointment_item import appointment_from_item
from workers.booking.adapters.appointments import DynamoAppointmentStore

FIVE = timedelta(minutes=5)


class Unguarded:
    """A DynamoDB client that forgets the conditions on buckets, as a check before an insert would."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def transact_write_items(self, *, TransactItems):  # noqa: N803 - the API's name
        """Write buckets over whatever is there."""
        for item in TransactItems:
            if item.get("Put", {}).get("TableName") == "SlotsTable":
                item["Put"].pop("ConditionExpression")
                item["Put"].pop("ExpressionAttributeValues")
        return await self._client.transact_write_items(TransactItems=TransactItems)


class Evening:
    """A crowd on the emulated tables, and what stands in them."""

    def __init__(self, client, *, seed, guarded=True):
        self.client, self.clock = client, FakeClock()
        tables = {
            "appointments_table": "AppointmentsTable",
            "slots_table": "SlotsTable",
            "limits_table": "LimitsTable",
            "processed_table": "ProcessedTable",
        }
        self.crowd = Crowd(
            store=DynamoAppointmentStore(client=client if guarded else Unguarded(client), **tables),
            claims=DynamoClaimStore(client=client, table="ProcessedTable", clock=self.clock),
            clock=self.clock,
            chance=random.Random(seed),
        )

    async def appointments(self):
        """Read every appointment of the crowd's business."""
        found, query = [], {"TableName": "AppointmentsTable"}
        while True:
            page = await self.client.scan(**query)
            rows = map(from_item, page["Items"])
            found += [appointment_from_item(row) for row in rows if row["tenant"] == self.crowd.tenant]
            if "LastEvaluatedKey" not in page:
                return found
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def mixed_wave(self, attempts):
        """Let a crowd do what it likes; check what stands, and that losers were offered what was free."""
        before = standing(await self.appointments(), self.clock.now())
        frames = await self.crowd.mixed(attempts)
        everything = await self.appointments()
        after = {one.appointment_id: one for one in standing(everything, self.clock.now())}
        # What stood before and after, at the same time and place, stood in between: nobody may have been offered it.
        throughout = [one for one in before if one.appointment_id in after and _same_place(one, after)]
        self.check(everything, frames, throughout)

    async def rush_wave(self, service, start, attempts):
        """Let a crowd want one time; check that as many got it as there are lanes, and what the others heard."""
        lanes = len(PROFILE.lanes_of(PROFILE.service(service)))
        frames = await self.crowd.rush(attempts, service, start)
        everything = await self.appointments()
        self.check(everything, frames, [])
        kinds = Counter(frame.data.code if frame.type == "error" else frame.type for frame in frames)
        assert kinds == {"booking.pending": lanes, ErrorCode.SLOT_TAKEN: attempts - lanes}
        stand = standing(everything, self.clock.now())
        for frame in frames:
            if frame.type == "error":
                assert all(has_room(slot, stand) for slot in frame.data.alternatives)

    def check(self, everything, frames, throughout):
        """Compare what stands with what may stand."""
        now = self.clock.now()
        stand = standing(everything, now)
        assert overlaps(stand) == []
        classes = Counter(one.start.date() for one in stand if one.service_id == "class")
        assert max(classes.values(), default=0) <= CAP
        holds = Counter(one.session_id for one in stand if one.hold_expires_at)
        assert max(holds.values(), default=0) <= 1
        for frame in frames:
            # What the visitor has already is no hindrance: it would move, or give way.
            session = self.crowd.replies.whose[id(frame)]
            others = [one for one in throughout if one.session_id != session]
            offered = frame.data.alternatives if frame.type == "error" else ()
            assert all(has_room(slot, others) for slot in offered)
            # The crowd leaves the last day to the rushes, so there is always something to offer.
            assert frame.type != "error" or frame.data.code != ErrorCode.SLOT_TAKEN or len(offered) >= 3


def _same_place(one, after):
    other = after[one.appointment_id]
    return (one.blocked, one.resource) == (other.blocked, other.resource)


def free_start(evening, day, hour):
    """Return a start far from where the crowd is, so that it is free for all."""
    noon = evening.clock.now().astimezone(PROFILE.zone)
    return noon.replace(hour=hour, minute=0) + timedelta(days=day)


async def an_evening(client, *, seed, waves, at_once):
    """Let a crowd have so many attempts at once, wave after wave; return what came of it."""
    evening = Evening(client, seed=seed)
    services = ("colour", "massage", "class", "cut")
    for wave in range(waves):
        if wave % 3 == 2:
            place = wave // 3
            start = free_start(evening, DAYS, (9, 11, 15, 16)[place // 4 % 4])
            await evening.rush_wave(services[place % 4], start, at_once)
        else:
            await evening.mixed_wave(at_once)
        # Some holds run out between the waves, and some while a late command is on its way.
        evening.clock.turn(FIVE)
    return evening


async def test_a_crowd_never_shares_a_time(dynamodb):
    """Two mixed waves and a rush of forty: no overlap, one winner a lane, caps kept, alternatives that were free."""
    evening = await an_evening(dynamodb, seed=1, waves=3, at_once=40)
    assert {"create: booking.pending", "create: SLOT_TAKEN"} <= set(evening.crowd.outcomes)
    assert any(is_standing(one, evening.clock.now()) for one in await evening.appointments())


async def test_without_the_transactions_conditions_it_would(dynamodb):
    """The look before the write does not keep a crowd apart: what is proved above is proved by the conditions."""
    evening = Evening(dynamodb, seed=2, guarded=False)
    await evening.crowd.rush(40, "massage", free_start(evening, 1, 9))
    assert overlaps(standing(await evening.appointments(), evening.clock.now()))
