"""What goes wrong with a conversation: cuts of its lines by chance, and deaths of pools at chosen steps."""

import asyncio
from collections import Counter
from enum import Enum

from bench.resume.gateway import Fault
from bench.resume.world import Pool, World

MAX_DEATHS = 2
"""Three deaths while they carry out a command quarantine it, which is another promise than this one."""


class Cut(Enum):
    """What happens to a tab around one of its messages."""

    CLIENT = "the page loses its connection, and the gateway notices later"
    SILENT = "the connection is dead, and nobody says so"
    SERVER = "the gateway closes the connection, as after ten idle minutes or two hours"
    REPLAY = "the connection ends amid the missed frames"
    RELOAD = "the page is loaded again"
    MOVE = "the page moves to another connection"
    BEFORE_QUEUE = Fault.BEFORE_QUEUE.value
    AFTER_QUEUE = Fault.AFTER_QUEUE.value
    ACK_LOST = Fault.ACK_LOST.value


OF_THE_FRAME = {Cut.BEFORE_QUEUE: Fault.BEFORE_QUEUE, Cut.AFTER_QUEUE: Fault.AFTER_QUEUE, Cut.ACK_LOST: Fault.ACK_LOST}


class Death(Enum):
    """When a pool dies: before it answers the call, which another service has received."""

    ASKED = ("model", b"")
    STREAMING = ("gateway", b'"chat.delta"')
    STORED = ("tables", b"chat.final")
    POSTED = ("gateway", b'"chat.final"')


class Executioner:
    """Kills a pool at the chosen step of a chosen message, and starts another in its place."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._armed: dict[str, Death] = {}
        self._under_way: set[str] = set()
        self._deaths: Counter[str] = Counter()
        self._starts: set[asyncio.Task[None]] = set()
        self._is_deploying = False
        self.kills: Counter[Death] = Counter()
        self.spared = 0
        world.notice = self._notice

    def begin(self, message: str, death: Death | None) -> None:
        """A message is sent; if a death is given, a pool dies at this step of it."""
        self._under_way.add(message)
        if death is not None:
            self._armed[message] = death

    def end(self, message: str) -> None:
        """Its answer was displayed."""
        self._under_way.discard(message)
        self._armed.pop(message, None)

    async def deploy(self) -> None:
        """Replace one pool after the other, without a death."""
        self._is_deploying = True
        await asyncio.gather(*self._starts)
        for pool in self._world.pools:
            await pool.stop()
            await pool.start()
        self._is_deploying = False

    async def settle(self) -> None:
        """Wait until every pool runs again."""
        await asyncio.gather(*self._starts)

    def _notice(self, pool: Pool, service: str, body: bytes) -> None:
        for message, death in list(self._armed.items()):
            name, mark = death.value
            if service == name and mark in body and message.encode() in body:
                del self._armed[message]
                self._kill(pool, death)

    def _kill(self, pool: Pool, death: Death) -> None:
        if not pool.is_ready or self._is_deploying or any(self._deaths[one] >= MAX_DEATHS for one in self._under_way):
            self.spared += 1
            return
        self._deaths.update(self._under_way)
        self.kills[death] += 1
        pool.kill()
        task = asyncio.get_running_loop().create_task(pool.start())
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
