"""In a concurrent crowd no two visits share a lane and an instant, and this test would detect it."""

import random
from collections import Counter
from datetime import timedelta

from shared.aws.claims import DynamoClaimStore
from shared.aws.items import from_item
from shared.messages.errors import ErrorCode
from tests.contracts.stores.crowd import CAP, DAYS, PROFILE, Crowd, active_appointments, has_room, is_active, overlaps
from tests.fakes.clock import FakeClock
from workers.booking.adapters.appointment_item import item_to_appointment
from workers.booking.adapters.appointments import DynamoAppointmentStore

FIVE = timedelta(minutes=5)


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
            found += [item_to_appointment(row) for row in rows if row["tenant"] == self.crowd.tenant]
            if "LastEvaluatedKey" not in page:
                return found
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def mixed_wave(self, attempts):
        """Let a crowd act at random; check its appointments, and that losers were offered free times."""
        before = active_appointments(await self.appointments(), self.clock.now())
        frames = await self.crowd.mixed(attempts)
        everything = await self.appointments()
        after = {
            appointment.appointment_id: appointment for appointment in active_appointments(everything, self.clock.now())
        }
        # Appointments with the same time and lane before and after were there in between: it must not be offered.
        throughout = [
            appointment
            for appointment in before
            if appointment.appointment_id in after and _is_unmoved(appointment, after)
        ]
        self.check(everything, frames, throughout)

    async def rush_wave(self, service, start, attempts):
        """Let a crowd request one time; check that there is one winner per lane, and what the others get."""
        lanes = len(PROFILE.list_lanes(PROFILE.find_service(service)))
        frames = await self.crowd.rush(attempts, service, start)
        everything = await self.appointments()
        self.check(everything, frames, [])
        kinds = Counter(frame.data.code if frame.type == "error" else frame.type for frame in frames)
        assert kinds == {"booking.pending": lanes, ErrorCode.SLOT_TAKEN: attempts - lanes}
        stand = active_appointments(everything, self.clock.now())
        for frame in frames:
            if frame.type == "error":
                assert all(has_room(slot, stand) for slot in frame.data.alternatives)

    def check(self, everything, frames, throughout):
        """Compare the actual appointments with the possible ones."""
        now = self.clock.now()
        stand = active_appointments(everything, now)
        assert overlaps(stand) == []
        classes = Counter(appointment.start.date() for appointment in stand if appointment.service_id == "class")
        assert max(classes.values(), default=0) <= CAP
        holds = Counter(appointment.session_id for appointment in stand if appointment.hold_expires_at)
        assert max(holds.values(), default=0) <= 1
        for frame in frames:
            # The visitor's own appointment does not block: it would move or be replaced.
            session = self.crowd.replies.whose[id(frame)]
            others = [appointment for appointment in throughout if appointment.session_id != session]
            offered = frame.data.alternatives if frame.type == "error" else ()
            assert all(has_room(slot, others) for slot in offered)
            # The crowd leaves the last day to the rushes, so there are always alternatives.
            assert frame.type != "error" or frame.data.code != ErrorCode.SLOT_TAKEN or len(offered) >= 3


def _is_unmoved(appointment, after):
    other = after[appointment.appointment_id]
    return (appointment.blocked, appointment.resource) == (other.blocked, other.resource)


def free_start(evening, day, hour):
    """Return a start far from the crowd's, which is free for all."""
    noon = evening.clock.now().astimezone(PROFILE.zone)
    return noon.replace(hour=hour, minute=0) + timedelta(days=day)


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
    return evening


async def test_a_crowd_never_shares_a_time(dynamodb):
    """Two mixed waves and a rush of forty: no overlap, one winner per lane, caps kept, free alternatives."""
    evening = await an_evening(dynamodb, seed=1, waves=3, at_once=40)
    assert {"create: booking.pending", "create: SLOT_TAKEN"} <= set(evening.crowd.outcomes)
    assert any(is_active(appointment, evening.clock.now()) for appointment in await evening.appointments())


async def test_without_the_conditions_there_are_double_bookings(dynamodb):
    """The check before the write does not prevent them: the transactions' conditions do."""
    evening = Evening(dynamodb, seed=2, guarded=False)
    await evening.crowd.rush(40, "massage", free_start(evening, 1, 9))
    assert overlaps(active_appointments(await evening.appointments(), evening.clock.now()))
