"""The appointment store of a crowd, which remembers the visits that have left their times."""

from shared.errors import TransientError
from workers.booking.adapters.appointments import DynamoAppointmentStore


class WatchedStore(DynamoAppointmentStore):
    """Remembers each visit that was moved, also if it is back where it was."""

    def __init__(self, **tables):
        super().__init__(**tables)
        self.moved = set()
        """The ids of the visits that were moved, or perhaps were: a failing call may have written its transaction."""

    async def move(self, old, new, **how):
        return await self._watch([new], super().move(old, new, **how))

    async def move_together(self, moves, **how):
        return await self._watch([new for _, new in moves], super().move_together(moves, **how))

    async def _watch(self, visits, writing):
        ids = {visit.appointment_id for visit in visits}
        try:
            lost = await writing
        except TransientError:
            self.moved |= ids
            raise
        if lost is None:
            self.moved |= ids
        return lost
