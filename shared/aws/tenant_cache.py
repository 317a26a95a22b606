"""What was read about tenants, kept for five minutes: by workers, and by ingress and authorizer."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

import structlog

from shared.clock import Clock
from shared.errors import PermanentError, TransientError
from shared.metrics import Metrics

log = structlog.get_logger()

MAX_AGE = timedelta(minutes=5)
REFRESH_AGE = timedelta(minutes=4)
"""From this age on an entry is read again in the background, where that is possible, and served meanwhile."""
UNKNOWN_MAX_AGE = timedelta(minutes=1)
"""How long the cache remembers that a tenant does not exist."""
OUTAGE_MAX_AGE = timedelta(seconds=30)
"""How long an old entry is served during an outage before the bucket is asked again."""
MAX_TENANTS = 500
"""The size of the cache of existing tenants, and of that of unknown ones."""

ProfileT = TypeVar("ProfileT")
SourceT = TypeVar("SourceT")


@dataclass(slots=True)
class TenantEntry(Generic[ProfileT, SourceT]):
    """What was read about a tenant; without a profile and a problem it does not exist."""

    source: SourceT
    """What the next read compares."""
    profile: ProfileT | None = None
    """The last valid profile."""
    problem: str = ""
    """Why the latest profile was refused."""
    warnings: tuple[str, ...] = ()
    """What looks like a mistake in the latest profile that was accepted."""
    out_of_reach_since: datetime | None = None
    """Since when the bucket does not answer, so that this is an old copy."""

    @property
    def exists(self) -> bool:
        """Return whether the tenant has a profile, if only one that was refused."""
        return self.profile is not None or bool(self.problem)


@dataclass(slots=True)
class _Kept(Generic[ProfileT, SourceT]):
    entry: TenantEntry[ProfileT, SourceT]
    due_at: datetime
    """When to read the bucket again before the entry is served."""
    refresh_at: datetime
    """When to read the bucket again in the background."""


class _LeastRecentlyUsed(Generic[ProfileT, SourceT]):
    """The most recently used tenants, up to `MAX_TENANTS`; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[str, _Kept[ProfileT, SourceT]] = OrderedDict()

    def get(self, tenant: str) -> _Kept[ProfileT, SourceT] | None:
        with self._lock:
            if tenant in self._entries:
                self._entries.move_to_end(tenant)
            return self._entries.get(tenant)

    def put(self, tenant: str, kept: _Kept[ProfileT, SourceT]) -> None:
        with self._lock:
            self._entries[tenant] = kept
            self._entries.move_to_end(tenant)
            if len(self._entries) > MAX_TENANTS:
                self._entries.popitem(last=False)


class TenantCache(Generic[ProfileT, SourceT]):
    """Reads a tenant when it is asked for, at most every five minutes.

    When the bucket does not answer, a tenant that had a valid profile is served from the cache, however old. Clients
    choose the name that is looked up, so an unknown name is remembered too, and evicts only other unknown names.
    """

    def __init__(
        self,
        read: Callable[[str, TenantEntry[ProfileT, SourceT] | None], TenantEntry[ProfileT, SourceT]],
        *,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """Take what reads a tenant; it gets the entry of the last read, if the tenant existed once."""
        self._read = read
        self._clock = clock
        self._metrics = metrics
        self._known = _LeastRecentlyUsed[ProfileT, SourceT]()
        self._unknown = _LeastRecentlyUsed[ProfileT, SourceT]()

    def find(self, tenant: str) -> TenantEntry[ProfileT, SourceT] | None:
        """Return the entry if it need not be read again."""
        kept = self._known.get(tenant) or self._unknown.get(tenant)
        return kept.entry if kept and self._clock.now() < kept.due_at else None

    def is_refresh_due(self, tenant: str) -> bool:
        """Return whether the entry is old enough to be read again in the background."""
        kept = self._known.get(tenant)
        return kept is not None and self._clock.now() >= kept.refresh_at

    def refresh(self, tenant: str) -> None:
        """Read the tenant again, unless that was done meanwhile.

        Raises:
            TransientError: as `look_up`.
        """
        if self.is_refresh_due(tenant):
            self._read_again(tenant)

    def look_up(self, tenant: str) -> TenantEntry[ProfileT, SourceT]:
        """Return the entry, from the cache or the bucket.

        Raises:
            TransientError: the bucket can't be reached, and the tenant had no valid profile before.
        """
        return self.find(tenant) or self._read_again(tenant)

    def get_profile(self, tenant: str, *, for_visitor: bool = True) -> ProfileT:
        """Return a tenant's profile; raise `PermanentError` (`unknown_tenant`, `bad_profile`) without a valid one."""
        # Every message and connection of a visitor asks for its tenant's profile once, so this is where look-ups are
        # counted.
        cached = self.find(tenant)
        if for_visitor:
            self._metrics.count("KBCacheHit", 1 if cached else 0)
        entry = cached or self._read_again(tenant)
        if entry.profile is None:
            raise PermanentError("bad_profile" if entry.problem else "unknown_tenant", entry.problem or tenant)
        return entry.profile

    def _read_again(self, tenant: str) -> TenantEntry[ProfileT, SourceT]:
        old, now = self._known.get(tenant), self._clock.now()
        try:
            entry = self._read(tenant, old.entry if old else None)
        except TransientError as error:
            if old is None or old.entry.profile is None:
                raise
            log.warning("knowledge_out_of_reach", tenant=tenant, problem=str(error))
            self._metrics.count("KnowledgeOutOfReach")
            # From now, not from the start of the look-up: calls that waited for it must not repeat it one by one.
            old.due_at = old.refresh_at = self._clock.now() + OUTAGE_MAX_AGE
            old.entry.out_of_reach_since = old.entry.out_of_reach_since or now
            return old.entry
        entry.out_of_reach_since = None
        max_age = MAX_AGE if entry.exists else UNKNOWN_MAX_AGE
        kept = _Kept(entry, now + max_age, now + min(max_age, REFRESH_AGE))
        # A tenant that was removed stays in the cache of existing tenants.
        (self._known if entry.exists or old else self._unknown).put(tenant, kept)
        return entry
