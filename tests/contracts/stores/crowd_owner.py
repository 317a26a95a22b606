"""The owner of the crowd's business, who blocks times, and moves, exchanges and deletes visits in the calendar."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from shared.ids import new_id
from shared.messages.commands import CalendarTick
from tests.contracts.stores.crowd import PROFILE, Crowd
from workers.booking.domain.values import Interval

MINUTE = timedelta(minutes=1)
ACTIONS_PER_TICK = 3
MAX_BLOCKS = 8
"""More would leave the crowd no time."""
SETTLING_MINUTES = 25
"""An owner's move waits ten minutes, and a hold lasts a quarter of an hour."""


@dataclass
class Owner:
    """Edits the calendar at random; what the owner did is counted."""

    crowd: Crowd
    chance: random.Random
    actions: Counter = field(default_factory=Counter)

    async def edit_calendar(self, count):
        """Do so many things in the calendar, which is read in between."""
        for number in range(count):
            await self._act()
            await asyncio.sleep(self.chance.random() * 0.05)
            if number % ACTIONS_PER_TICK == ACTIONS_PER_TICK - 1:
                # Not a minute: the leases of what is in flight would expire.
                await self.advance_time(timedelta(seconds=1))

    async def settle(self):
        """Let every wait and every hold end, with nothing left on the queue."""
        for _ in range(SETTLING_MINUTES):
            await self.advance_time(MINUTE)
            while self.crowd.commands.bodies:
                await self.crowd.carry_out_queued()

    async def advance_time(self, by):
        """Let time pass, read the calendar, and carry out what is queued then."""
        crowd = self.crowd
        crowd.clock.advance(by)
        now = crowd.clock.now()
        await crowd.commands.put(
            CalendarTick(id=new_id(), tenant="*", session_id="calendars", accepted_at=now, locale="en"),
            group="calendars",
        )
        await crowd.carry_out_queued()
        await crowd.carry_out_queued()

    async def _act(self):
        draw, events = self.chance.random(), self._list_events()
        blocks = self.crowd.calendar.owners["calendar"]
        if draw < 0.3 or len(events) < 2:
            self._block_time(blocks)
        elif draw < 0.6:
            self._move(self.chance.choice(events))
        elif draw < 0.85:
            self._exchange(events)
        else:
            self.crowd.calendar.owner_deletes(self.chance.choice(events).appointment_id)
            self.actions["deleted"] += 1

    def _list_events(self):
        """Return the events of visits."""
        return list(self.crowd.calendar.events["calendar"].values())

    def _block_time(self, blocks):
        start = self._draw_start() + 5 * MINUTE
        self.crowd.calendar.block(Interval(start, start + self.chance.choice((10, 20, 45)) * MINUTE))
        self.actions["blocked"] += 1
        if len(blocks) > MAX_BLOCKS:
            del blocks[0]

    def _move(self, event):
        start = self._draw_start()
        self.crowd.calendar.owner_moves(event.appointment_id, Interval(start, start + (event.end - event.start)))
        self.actions["moved"] += 1

    def _exchange(self, events):
        first = self.chance.choice(events)
        alike = [one for one in events if one.end - one.start == first.end - first.start and one.start != first.start]
        if not alike:
            return self._move(first)
        second = self.chance.choice(alike)
        for event, to in ((first, second), (second, first)):
            self.crowd.calendar.owner_moves(event.appointment_id, Interval(to.start, to.end))
        self.actions["exchanged"] += 1
        return None

    def _draw_start(self):
        """Return a start that visitors like, too."""
        return self.crowd.draw_start(self.chance.choice(PROFILE.services)).astimezone(self.crowd.clock.now().tzinfo)
