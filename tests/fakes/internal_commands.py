"""In-memory ports of internal commands: the queue, the schedules, and the sync tokens of calendars."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.messages.commands import QUEUED_COMMAND, ChatAnswerOpen, InternalBookingCommand
from workers.booking.ports import LastSync

DEDUPLICATION = timedelta(minutes=5)
"""As SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html"""


class FakeCommands:
    """An `InternalCommandQueue` that keeps every command as its serialized text."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, str]] = []
        """Group and text of each command, repeated ones included."""
        self.errors: list[Exception | None] = []
        """Each is raised by one of the next calls; None lets a call succeed."""
        self.clock: Clock | None = None
        """With a clock, an id that was put in the last five minutes is dropped, even if its command is done."""
        self._put_at: dict[str, datetime] = {}

    async def put(self, command: InternalBookingCommand | ChatAnswerOpen, *, group: str) -> None:
        """Queue a command; repeating it is harmless."""
        await asyncio.sleep(0)
        if self.errors and (error := self.errors.pop(0)):
            raise error
        if self.clock:
            now, before = self.clock.now(), self._put_at.get(command.claim_key)
            if before and now - before < DEDUPLICATION:
                return
            self._put_at[command.claim_key] = now
        self.bodies.append((group, command.model_dump_json(by_alias=True)))

    @property
    def delivered(self) -> list[InternalBookingCommand]:
        """Return the first command of each key, as the queue delivers it."""
        first: dict[str, InternalBookingCommand] = {}
        for _, body in self.bodies:
            command = QUEUED_COMMAND.validate_json(body)
            assert isinstance(command, InternalBookingCommand)
            first.setdefault(command.claim_key, command)
        return list(first.values())

    def delete(self, command: InternalBookingCommand) -> None:
        """Delete a command that was carried out, with its repeats."""
        self.bodies = [
            (group, body)
            for group, body in self.bodies
            if QUEUED_COMMAND.validate_json(body).claim_key != command.claim_key
        ]

    def drain(self) -> list[InternalBookingCommand]:
        """Return what was delivered, and clear the queue."""
        found = self.delivered
        self.bodies.clear()
        return found


@dataclass(frozen=True, slots=True)
class Planned:
    """A scheduled command."""

    at: datetime
    group: str
    command: InternalBookingCommand


class FakeSchedules:
    """In-memory `Schedules` by name."""

    def __init__(self) -> None:
        self.planned: dict[str, Planned] = {}
        self.errors: list[Exception | None] = []
        """Each is raised by one of the next calls; None lets a call succeed."""

    async def put(self, name: str, at: datetime, command: InternalBookingCommand, *, group: str) -> None:
        """Schedule the command; an existing schedule of that name stays as it is."""
        await self._call()
        self.planned.setdefault(name, Planned(at.replace(microsecond=0), group, command))

    async def remove(self, name: str) -> None:
        """Delete a schedule; a missing one is no error."""
        await self._call()
        self.planned.pop(name, None)

    def due(self, now: datetime) -> list[InternalBookingCommand]:
        """Return the commands that are due, in order, and delete their schedules."""
        found = sorted((name for name, one in self.planned.items() if one.at <= now), key=lambda n: self.planned[n].at)
        return [self.planned.pop(name).command for name in found]

    async def _call(self) -> None:
        await asyncio.sleep(0)
        if self.errors and (error := self.errors.pop(0)):
            raise error


class FakeSyncTokens:
    """In-memory `SyncTokens`."""

    def __init__(self) -> None:
        self.rows: dict[str, LastSync] = {}

    async def get(self, calendar_id: str) -> LastSync | None:
        """Return the last sync."""
        await asyncio.sleep(0)
        return self.rows.get(calendar_id)

    async def put(self, calendar_id: str, last: LastSync, *, tenant: str, replaces: str | None) -> bool:
        """Store a sync, unless the token has changed since it began."""
        await asyncio.sleep(0)
        kept = self.rows.get(calendar_id)
        if (kept.token if kept else None) != replaces:
            return False
        self.rows[calendar_id] = last
        return True
