"""In a concurrent crowd no two visits share a lane and an instant, whatever the owner does meanwhile.

The last test removes the guard, to show that an overlap would be detected.
"""

import asyncio
import random
from collections import Counter
from datetime import timedelta

from shared.aws.claims import DynamoClaimStore
from shared.aws.items import from_item
from shared.messages.errors import ErrorCode
from tests.contracts.stores.crowd import CAP, DAYS, PROFILE, Crowd
from tests.contracts.stores.crowd_checks import (
    active_appointments,
    find_wrong_events,
    find_wrong_notices,
    has_room,
    is_active,
    list_owners,
    overlaps,
)
from tests.contracts.stores.crowd_owner import Owner
from tests.contracts.stores.crowd_store import WatchedStore
from tests.fakes.clock import FakeClock
from workers.booking.adapters.appointment_item import item_to_appointment
from workers.booking.domain.values import AppointmentState, Interval

MINUTE, FIVE, HOUR = timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)
ACTIONS_OF_OWNER = 12
"""At least so many in a wave."""


class Unguarded:
    """A DynamoDB client that drops the conditions on buckets, like a check before an insert."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def transact_write_items(self, *, TransactItems):  # noqa: N803 - the API's name
        """Write buckets over existing ones."""
        for item in TransactItems:
            if item.get("Put", {}).get("TableName") == "SlotsTable":
                item["Put"].pop("ConditionExpression")
                item["Put"].pop("ExpressionAttributeValues")
        return await self._client.transact_write_items(TransactItems=TransactItems)


class Evening:
    """A crowd on the emulated tables, and its appointments."""

    def __init__(self, client, *, seed, guarded=True):
        self.client, self.clock = client, FakeClock()
        tables = {
            "appointments_table": "AppointmentsTable",
            "slots_table": "SlotsTable",
            "limits_table": "LimitsTable",
            "processed_table": "ProcessedTable",
        }
        self.store = WatchedStore(client=client if guarded else Unguarded(client), **tables)
        self.crowd = Crowd(
            store=self.store,
            claims=DynamoClaimStore(client=client, table="ProcessedTable", clock=self.clock),
            clock=self.clock,
            chance=random.Random(seed),
        )
        self.owner = Owner(self.crowd, random.Random(seed))

    async def appointments(self):
        """Read every appointment of the crowd's business."""
        rows = await self.scan("AppointmentsTable")
        return [item_to_appointment(row) for row in rows if row["tenant"] == self.crowd.tenant]

    async def scan(self, table):
        """Read every row of a table."""
        found, query = [], {"TableName": table, "ConsistentRead": True}
        while True:
            page = await self.client.scan(**query)
            found += map(from_item, page["Items"])
            if "LastEvaluatedKey" not in page:
                return found
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def stand(self, everything):
        """Return the appointments that have their times; each confirmed one must own all of it."""
        active = active_appointments(everything, self.clock.now())
        owners = list_owners(active, await self.scan("SlotsTable"))
        assert [one for one in active if one.state is AppointmentState.CONFIRMED and one not in owners] == []
        return owners

    async def mixed_wave(self, attempts):
        """Let a crowd act at random, and its owner; check the appointments, and that losers were offered free times."""
        before = await self.stand(await self.appointments())
        self.store.moved.clear()
        frames, _ = await asyncio.gather(
            self.crowd.mixed(attempts), self.owner.edit_calendar(max(ACTIONS_OF_OWNER, attempts // 10))
        )
        everything = await self.appointments()
        after = {appointment.appointment_id: appointment for appointment in await self.stand(everything)}
        await self.check(everything, frames, self.stood_throughout(before, after))

    def stood_throughout(self, before, after):
        """Return the appointments whose time nobody must have been offered in between.

        `after` is by appointment id. The owner may move a visit away and back within a wave: its time was free
        meanwhile, and only its version shows it.
        """
        unchanged = {one.appointment_id for one in before if _is_same(one, after)}
        unmoved = {one.appointment_id for one in before if one.appointment_id in after} - self.store.moved
        return [one for one in before if one.appointment_id in unchanged | unmoved]

    async def rush_wave(self, service, start, attempts):
        """Let a crowd request one time; check that there is one winner per lane, and what the others get."""
        lanes = len(PROFILE.list_lanes(PROFILE.find_service(service)))
        frames = await self.crowd.rush(attempts, service, start)
        everything = await self.appointments()
        await self.check(everything, frames, [])
        kinds = Counter(frame.data.code if frame.type == "error" else frame.type for frame in frames)
        assert kinds == {"booking.pending": lanes, ErrorCode.SLOT_TAKEN: attempts - lanes}
        stand = await self.stand(everything)
        for frame in frames:
            if frame.type == "error":
                assert all(has_room(slot, stand) for slot in frame.data.alternatives)

    async def check(self, everything, frames, throughout):
        """Compare the actual appointments with the possible ones."""
        stand = await self.stand(everything)
        assert overlaps(stand) == []
        assert self.crowd.on_blocked_times == []
        # Only the owner may exceed a cap: such a visit has no unit of it.
        counted = [one for one in stand if any(unit.is_lasting for unit in one.quota_units)]
        classes = Counter(appointment.start.date() for appointment in counted if appointment.service_id == "class")
        assert max(classes.values(), default=0) <= CAP
        holds = Counter(appointment.session_id for appointment in stand if appointment.hold_expires_at)
        assert max(holds.values(), default=0) <= 1
        for frame in frames:
            # The visitor's own appointment does not block: it would move or be replaced.
            session = self.crowd.replies.whose[id(frame)]
            others = [appointment for appointment in throughout if appointment.session_id != session]
            offered = frame.data.alternatives if frame.type == "error" else ()
            assert [(frame.re, slot) for slot in offered if not has_room(slot, others)] == []
            # The crowd leaves the last day to the rushes, so there are always alternatives.
            assert frame.type != "error" or frame.data.code != ErrorCode.SLOT_TAKEN or len(offered) >= 3

    async def settle(self):
        """Let everything end that is under way; compare calendar and notices with the appointments."""
        await self.owner.settle()
        everything = await self.appointments()
        await self.check(everything, [], [])
        assert find_wrong_events(everything, list(self.crowd.calendar.events["calendar"].values())) == {}
        assert find_wrong_notices(everything, self.crowd.notices.delivered) == {}


def _is_same(appointment, after):
    other = after.get(appointment.appointment_id)
    return other is not None and other.version == appointment.version


def free_start(evening, day, hour):
    """Return a start far from the crowd's, which is free for all."""
    noon = evening.clock.now().astimezone(PROFILE.zone)
    return noon.replace(hour=hour, minute=0, second=0) + timedelta(days=day)


async def an_evening(client, *, seed, waves, at_once):
    """Let a crowd make as many concurrent attempts, wave after wave; return the evening."""
    evening = Evening(client, seed=seed)
    services = ("colour", "massage", "class", "cut")
    for wave in range(waves):
        if wave % 3 == 2:
            rush = wave // 3
            start = free_start(evening, DAYS, (9, 11, 15, 16)[rush // 4 % 4])
            await evening.rush_wave(services[rush % 4], start, at_once)
        else:
            await evening.mixed_wave(at_once)
        # Some holds expire between the waves, and some while a late command is queued.
        evening.clock.advance(FIVE)
    # The last wave has confirmed visits, which the owner has not seen yet.
    await evening.owner.edit_calendar(ACTIONS_OF_OWNER)
    await evening.settle()
    return evening


async def test_a_crowd_never_shares_a_time(dynamodb):
    """Two mixed waves with the owner at work, and a rush: one winner per lane, and all agree in the end."""
    evening = await an_evening(dynamodb, seed=1, waves=3, at_once=27)
    assert {"create: booking.pending", "create: SLOT_TAKEN"} <= set(evening.crowd.outcomes)
    assert any(is_active(appointment, evening.clock.now()) for appointment in await evening.appointments())


async def test_a_time_that_a_visit_leaves_and_comes_back_to_is_offered_meanwhile(dynamodb):
    """The check of what losers get must not count a visit that the owner moves away and back within a wave."""
    evening = Evening(dynamodb, seed=3)
    crowd, owner, start = evening.crowd, evening.owner, free_start(evening, 1, 9)
    moving, staying = await crowd.book("massage", start), await crowd.book("massage", start + 2 * HOUR)
    await owner.advance_time(MINUTE)
    before = await evening.stand(await evening.appointments())
    evening.store.moved.clear()

    crowd.calendar.owner_moves(moving.appointment_id, Interval(moving.start + 5 * HOUR, moving.end + 5 * HOUR))
    await owner.advance_time(MINUTE)
    frames = await crowd.rush(2, "massage", start + HOUR)
    crowd.calendar.owner_moves(moving.appointment_id, Interval(moving.start, moving.end))
    await owner.advance_time(MINUTE)

    [offered] = [frame.data.alternatives for frame in frames if frame.type == "error"]
    after = {visit.appointment_id: visit for visit in await evening.stand(await evening.appointments())}
    assert after[moving.appointment_id].start == moving.start
    assert [slot.start for slot in offered if not has_room(slot, [moving])][:1] == [start]
    assert [visit.appointment_id for visit in evening.stood_throughout(before, after)] == [staying.appointment_id]


async def test_without_the_conditions_there_are_double_bookings(dynamodb):
    """The check before the write does not prevent them: the transactions' conditions do."""
    evening = Evening(dynamodb, seed=2, guarded=False)
    await evening.crowd.rush(27, "massage", free_start(evening, 1, 9))
    assert overlaps(active_appointments(await evening.appointments(), evening.clock.now()))
