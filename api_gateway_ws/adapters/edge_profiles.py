"""The compiled profiles of the knowledge bucket, cached for five minutes."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from botocore.exceptions import ClientError

from api_gateway_ws.ports import ConnectProfile
from shared.aws.errors import get_error_code, translate_aws_errors
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.metrics import Metrics
from shared.tenants.edge_profile import FILE, parse_edge_profile

log = structlog.get_logger()

MAX_AGE = timedelta(minutes=5)
UNKNOWN_MAX_AGE = timedelta(minutes=1)
"""How long the cache remembers that a tenant does not exist."""
OUTAGE_MAX_AGE = timedelta(seconds=30)
"""How long a stale entry is served during an outage before the bucket is asked again."""
MAX_TENANTS = 500
"""The size of the cache of existing tenants, and of that of unknown ones."""
_SOURCE = "profile.yaml"


@dataclass(slots=True)
class _Entry:
    due_at: datetime
    """When to read the bucket again."""
    etag: str = ""
    """The ETag of the YAML that the profile was compiled from, or that was refused."""
    profile: ConnectProfile | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Unchanged:
    """The YAML still has the ETag."""


class EdgeProfiles:
    """Reads the compiled profile, and asks by its ETag whether the YAML is still the one it was compiled from.

    Where it is not, or nothing is compiled yet, the YAML is read. So an edit takes effect within five minutes, whether
    or not a worker has compiled it. Clients choose the tenant that is looked up, so an unknown one evicts only other
    unknown ones.
    """

    def __init__(self, *, bucket: Any, clock: Clock, metrics: Metrics) -> None:
        """Take the bucket: `get_object(Key=..., IfNoneMatch=...)`, with the errors of botocore."""
        self._bucket = bucket
        self._clock = clock
        self._metrics = metrics
        self._known: OrderedDict[str, _Entry] = OrderedDict()
        self._unknown: OrderedDict[str, _Entry] = OrderedDict()

    def get_profile(self, tenant: str) -> ConnectProfile:
        """Return a tenant's profile; raise `PermanentError` (`unknown_tenant`, `bad_profile`) without a valid one."""
        entry = self._known.get(tenant) or self._unknown.get(tenant)
        is_cached = entry is not None and self._clock.now() < entry.due_at
        self._metrics.count("KBCacheHit", 1 if is_cached else 0)
        if entry is None or not is_cached:
            entry = self._look_up(tenant, self._known.get(tenant))
        if entry.profile is None:
            raise PermanentError("bad_profile" if entry.problem else "unknown_tenant", entry.problem or tenant)
        return entry.profile

    def _look_up(self, tenant: str, old: _Entry | None) -> _Entry:
        try:
            new = self._read(tenant, old)
        except TransientError as error:
            if old is None or old.profile is None:
                raise
            log.warning("knowledge_out_of_reach", tenant=tenant, problem=str(error))
            old.due_at = self._clock.now() + OUTAGE_MAX_AGE
            return old
        # A tenant that was removed stays in the cache of existing tenants.
        _put(self._known if new.profile or new.problem or old else self._unknown, tenant, new)
        return new

    def _read(self, tenant: str, old: _Entry | None) -> _Entry:
        now = self._clock.now()
        if old and old.etag and isinstance(self._read_source(tenant, old.etag), _Unchanged):
            return _Entry(now + MAX_AGE, etag=old.etag, profile=old.profile, problem=old.problem)
        compiled = self._read_compiled(tenant)
        source = self._read_source(tenant, compiled.etag if compiled else None)
        if source is None:
            return _Entry(now + UNKNOWN_MAX_AGE)
        if isinstance(source, _Unchanged):
            if compiled is None:  # only a read with an ETag has this answer
                raise TransientError("knowledge.read: not modified")
            compiled.due_at = now + MAX_AGE
            return compiled
        text, etag = source
        valid = (old.profile if old else None) or (compiled.profile if compiled else None)
        return self._parse_source(tenant, text, _Entry(now + MAX_AGE, etag=etag, profile=valid))

    def _parse_source(self, tenant: str, text: str, entry: _Entry) -> _Entry:
        # Only where nothing is compiled yet: these imports take longer than the rest of a cold start.
        from shared.tenants.parse import parse_profile  # noqa: PLC0415

        log.info("profile_not_compiled", tenant=tenant)
        try:
            entry.profile = parse_profile(text)
        except ConfigurationError as error:
            entry.problem = str(error)
            log.error("profile_refused", tenant=tenant, problem=str(error), last_good_stays=entry.profile is not None)  # noqa: TRY400 - the text is enough
        return entry

    def _read_compiled(self, tenant: str) -> _Entry | None:
        if not (found := self._get_object(f"{tenant}/{FILE}")) or isinstance(found, _Unchanged):
            return None
        parsed = parse_edge_profile(found[0])
        return _Entry(self._clock.now(), etag=parsed[1], profile=parsed[0]) if parsed else None

    def _read_source(self, tenant: str, etag: str | None) -> tuple[str, str] | _Unchanged | None:
        return self._get_object(f"{tenant}/{_SOURCE}", etag)

    def _get_object(self, key: str, etag: str | None = None) -> tuple[str, str] | _Unchanged | None:
        """Return an object's text and ETag; None if it does not exist."""
        condition = {"IfNoneMatch": etag} if etag else {}
        with translate_aws_errors("knowledge.read"):
            try:
                answer = self._bucket.get_object(Key=key, **condition)
                body: bytes = answer["Body"].read()
            except ClientError as error:
                if get_error_code(error) == "NoSuchKey":
                    return None
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 304:
                    return _Unchanged()
                raise
        return body.decode(errors="replace"), answer["ETag"]


def _put(entries: OrderedDict[str, _Entry], tenant: str, entry: _Entry) -> None:
    entries[tenant] = entry
    entries.move_to_end(tenant)
    if len(entries) > MAX_TENANTS:
        entries.popitem(last=False)
