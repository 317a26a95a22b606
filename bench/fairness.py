"""Simulates a flood of one tenant's chat messages, and compares ways to keep the others' waits short.

Every tick is a receive's round trip. Handlers take a random time, 4.8 seconds on average, and the first words come half
a second after the start. Run it with `make bench-fairness`; docs/decisions/0058-a-share-for-each-tenant.md shows it.
"""

import argparse
import heapq
import random
import statistics
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from shared.consumer.shares import HandlerShares, RetrySchedule, ShareLimits

TICK = 0.02
FIRST_WORDS = 0.5
FLOOD_BEGINS, FLOOD_SECONDS, FLOOD_MESSAGES = 60.0, 20.0, 2000
END = 420.0
QUIET_TENANTS, QUIET_RATE = 10, 2.0
BUSY_RATE = 4.0
"""Messages a second of a business with many visitors: about twenty of its answers are under way at once."""
MAX_WAIT = 20.0
SHED_SECONDS = 0.05
SHEDDING_PART = 16
SPARE_PERMITS = 10
PERIODS = (
    ("quiet", 5.0, FLOOD_BEGINS),
    ("quiet", FLOOD_BEGINS, FLOOD_BEGINS + 120),
    ("quiet", FLOOD_BEGINS + 240, END - 60),
    ("busy", 5.0, FLOOD_BEGINS),
    ("busy", FLOOD_BEGINS, FLOOD_BEGINS + 120),
)


@dataclass(slots=True)
class Message:
    """One message of a visitor; each visitor of the simulation sends one."""

    number: int
    tenant: str
    sent: float
    seconds: float
    started: float | None = None
    shed: bool = False
    receives: int = 0


class FifoQueue:
    """A FIFO queue: of a group that has a message in flight nothing is received."""

    def __init__(self) -> None:
        self._groups: dict[str, deque[Message]] = {}
        self._ready: list[tuple[int, str]] = []
        self._hidden: list[tuple[float, int, str]] = []

    def put(self, message: Message, group: str) -> None:
        """Put a message behind those of its group."""
        waiting = self._groups.setdefault(group, deque())
        waiting.append(message)
        if len(waiting) == 1:
            heapq.heappush(self._ready, (message.number, group))

    def show(self, now: float) -> None:
        """Make messages visible again whose time-out has ended."""
        while self._hidden and self._hidden[0][0] <= now:
            _, number, group = heapq.heappop(self._hidden)
            heapq.heappush(self._ready, (number, group))

    def receive(self, count: int) -> Iterator[tuple[Message, str]]:
        """Return up to so many messages, of different groups, the oldest first."""
        while count and self._ready:
            _, group = heapq.heappop(self._ready)
            count -= 1
            yield self._groups[group][0], group

    def delete(self, group: str) -> None:
        """Delete the message of a group that is in flight."""
        waiting = self._groups[group]
        waiting.popleft()
        if waiting:
            heapq.heappush(self._ready, (waiting[0].number, group))
        else:
            del self._groups[group]

    def hide(self, group: str, until: float) -> None:
        """Hide the message of a group that is in flight, and so the group."""
        heapq.heappush(self._hidden, (until, self._groups[group][0].number, group))


@dataclass
class Pool:
    """Handlers of one process, for one queue."""

    queue: FifoQueue
    handlers: int
    permits: int
    shares: HandlerShares | None = None
    shedding: int = 0
    schedule: RetrySchedule = field(default_factory=RetrySchedule)


@dataclass(frozen=True)
class Way:
    """One way to divide the handlers."""

    name: str
    queues: int = 1
    pools: int = 1
    """Pools of each queue; all pools together have the same handlers in every way."""
    group: Callable[[Message], str] = lambda message: f"{message.number}"
    queue_of: Callable[[Message], int] = lambda message: 0
    leases: int = 0
    """How many messages a tenant may have on queue and handlers together, counted at the edge."""
    edge_rate: float = 0.0
    """How many messages a second the edge admits of a tenant, after a burst of ten seconds."""
    tenant_share: float = 1.0
    sheds: bool = False


def hash_to(text: str, count: int) -> int:
    """Return a number below `count` that depends on nothing but the text."""
    return random.Random(text).randrange(count)


WAYS = (
    Way("(a) today: groups are sessions"),
    Way("(b) 4 queues by tenant", queues=4, queue_of=lambda message: hash_to(message.tenant, 4)),
    Way("(b) 8 queues by tenant", queues=8, queue_of=lambda message: hash_to(message.tenant, 8)),
    Way(
        "(b) 8 queues, each tenant on 2 of them",
        queues=8,
        queue_of=lambda message: hash_to(f"{message.tenant}{message.number % 2}", 8),
    ),
    Way("(b) 16 groups a tenant", group=lambda message: f"{message.tenant} {hash_to(str(message.number), 16)}"),
    Way("(b) 48 groups a tenant", group=lambda message: f"{message.tenant} {hash_to(str(message.number), 48)}"),
    Way("(c) 48 leases a tenant at the edge", leases=48),
    Way("(c) 200 leases a tenant at the edge", leases=200),
    Way("(c) 5 a second at the edge", edge_rate=5.0),
    Way("(d) shares in the pool", tenant_share=0.75),
    Way("(d) shares in 4 pools", pools=4, tenant_share=0.75),
    Way("(e) shares in the pool, and shedding", tenant_share=0.75, sheds=True),
    Way("(e) shares in 4 pools, and shedding", pools=4, tenant_share=0.75, sheds=True),
    Way("(e) the same, and 5 a second at the edge", pools=4, tenant_share=0.75, sheds=True, edge_rate=5.0),
)


class Simulation:
    """One way under one sequence of messages, which is the same for every way."""

    def __init__(self, way: Way, *, handlers: int, floods: int, seed: int) -> None:
        self.way = way
        self.messages = make_messages(floods, seed)
        self.queues = [FifoQueue() for _ in range(way.queues)]
        size = handlers // (way.queues * way.pools)
        limits = ShareLimits(tenant=way.tenant_share, address=1.0, session=1.0)
        has_shares = way.tenant_share < 1
        spare = SPARE_PERMITS + size // SHEDDING_PART if has_shares else 0
        self.pools = [
            Pool(queue, size, size + spare, HandlerShares(size, limits) if has_shares else None)
            for queue in self.queues
            for _ in range(way.pools)
        ]
        self.in_flight: Counter[str] = Counter()
        self.rates: dict[str, float] = {}
        self.requests = 0.0
        self.ends: list[tuple[float, int, Pool, str, Message]] = []

    def run(self) -> None:
        """Run from the first message to the end."""
        arriving, now, tick = deque(self.messages), 0.0, 0
        while now < END:
            tick += 1
            now = tick * TICK
            while arriving and arriving[0].sent <= now:
                self.send(arriving.popleft())
            while self.ends and self.ends[0][0] <= now:
                self.end(heapq.heappop(self.ends))
            for queue in self.queues:
                queue.show(now)
            # The order of the pools is another in every round: none is always first.
            for pool in self.pools[tick % len(self.pools) :] + self.pools[: tick % len(self.pools)]:
                self.receive(pool, now)

    def send(self, message: Message) -> None:
        """Put a message on its queue, unless the edge refuses it."""
        way, tenant = self.way, message.tenant
        if way.leases and self.in_flight[tenant] >= way.leases:
            message.shed = True
            return
        if way.edge_rate:
            # https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
            at = max(self.rates.get(tenant, 0.0), message.sent)
            if at > message.sent + 10.0:
                message.shed = True
                return
            self.rates[tenant] = at + 1 / way.edge_rate
        self.in_flight[tenant] += 1
        self.queues[way.queue_of(message)].put(message, way.group(message))

    def end(self, ended: tuple[float, int, Pool, str, Message]) -> None:
        """End the message of a handler, and let its group go on."""
        _, _, pool, group, message = ended
        pool.permits += 1
        self.in_flight[message.tenant] -= 1
        pool.queue.delete(group)
        pool.shedding -= message.shed
        if pool.shares and not message.shed:
            pool.shares.give_back((message.tenant, None, None))
            pool.schedule.record_handler(message.seconds)

    def receive(self, pool: Pool, now: float) -> None:
        """Receive for a pool as many messages as it has permits."""
        if pool.shares and not pool.shares.free:
            return
        for message, group in pool.queue.receive(pool.permits):
            message.receives += 1
            self.requests += 0.1  # A receive and a settlement each take ten.
            if pool.shares and pool.shares.take((message.tenant, None, None)):
                self.defer_or_shed(pool, message, group, now)
                continue
            self.requests += 0.1
            message.started = now
            self.start(pool, message, group, now + message.seconds)

    def start(self, pool: Pool, message: Message, group: str, ends: float) -> None:
        """Take a permit until a message ends."""
        pool.permits -= 1
        heapq.heappush(self.ends, (ends, message.number, pool, group, message))

    def defer_or_shed(self, pool: Pool, message: Message, group: str, now: float) -> None:
        """Do what an overload guard does with a message whose tenant has its share."""
        assert pool.shares
        limit = MAX_WAIT - (now - message.sent) if self.way.sheds else 60.0
        held = pool.shares.count_held(message.tenant)
        wait = pool.schedule.schedule(message.tenant, held=max(held, pool.handlers // 8), now=now, max_seconds=limit)
        self.requests += 0.1
        if wait is None and self.way.sheds:
            if pool.shedding < max(1, pool.handlers // SHEDDING_PART):
                pool.shedding += 1
                message.shed = True
                self.start(pool, message, group, now + SHED_SECONDS)
            else:
                pool.queue.hide(group, now + 2.0)
            return
        pool.queue.hide(group, now + max(round(wait if wait is not None else limit), 1))


def make_messages(floods: int, seed: int) -> list[Message]:
    """Return the messages of quiet tenants and a busy one, and those of the flood, in the order of sending."""
    chance, sent = random.Random(seed), []
    now = 0.0
    while (now := now + chance.expovariate(QUIET_RATE + BUSY_RATE)) < END - 60:
        is_busy = chance.random() < BUSY_RATE / (QUIET_RATE + BUSY_RATE)
        sent.append((now, "busy" if is_busy else f"quiet {chance.randrange(QUIET_TENANTS)}"))
    for flood in range(floods):
        sent += [
            (FLOOD_BEGINS + FLOOD_SECONDS * n / FLOOD_MESSAGES, f"flood {flood}")
            for n in range(FLOOD_MESSAGES // floods)
        ]
    return [
        Message(number, tenant, at, min(max(chance.lognormvariate(1.4, 0.6), 1.0), 30.0))
        for number, (at, tenant) in enumerate(sorted(sent))
    ]


def describe_waits(messages: list[Message], whose: str, begin: float, end: float) -> str:
    """Return p50 and p95 of the time to the first words of the messages that tenants sent in a period."""
    waits = [
        (message.started if message.started is not None else END) - message.sent + FIRST_WORDS
        for message in messages
        if message.tenant.startswith(whose) and begin <= message.sent < end and not message.shed
    ]
    return f"{statistics.median(waits):6.1f} {statistics.quantiles(waits, n=20)[-1]:6.1f}"


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handlers", type=int, default=64, help="handlers of all pools together (default: 64)")
    parser.add_argument("--floods", type=int, default=1, help="tenants that share the flood (default: 1)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{'seconds to the first words, p50 and p95':42} {'quiet tenants':^41} {'busy tenant':^27} flood")
    print(
        f"{'':42} {'before':^13} {'during':^13} {'after':^13} {'before':^13} {'during':^13}"
        f" {'answered':>8} {'shed':>5} {'receives':>8} {'requests':>8}"
    )
    for way in WAYS:
        simulation = Simulation(way, handlers=arguments.handlers, floods=arguments.floods, seed=arguments.seed)
        simulation.run()
        messages = simulation.messages
        flood = [message for message in messages if message.tenant.startswith("flood")]
        answered = sum(message.started is not None for message in flood)
        shed = sum(message.shed for message in flood)
        max_receives = max(message.receives for message in flood)
        waits = " ".join(describe_waits(messages, *period) for period in PERIODS)
        print(
            f"{way.name:42} {waits} {answered:8} {shed:5} {max_receives:8} {simulation.requests / len(messages):8.2f}"
        )


if __name__ == "__main__":
    main()
