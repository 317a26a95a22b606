"""The compiled profiles of the knowledge bucket, cached for five minutes."""

from functools import partial
from typing import Any

import structlog

from api_gateway_ws.ports import ConnectProfile
from shared.aws.tenant_cache import TenantCache, TenantEntry
from shared.aws.text_objects import TextObject, Unchanged, read_text_object
from shared.clock import Clock
from shared.errors import ConfigurationError, TransientError
from shared.metrics import Metrics
from shared.tenants.edge_profile import FILE, parse_edge_profile

log = structlog.get_logger()

_SOURCE = "profile.yaml"

_Tenant = TenantEntry[ConnectProfile, str]
"""A profile, and the ETag of the YAML that it was compiled from, or that was refused."""


class EdgeProfiles:
    """Reads the compiled profile, and asks by its ETag whether the YAML is still the one it was compiled from.

    Where it is not, or nothing is compiled yet, the YAML is read. So an edit takes effect within five minutes, whether
    or not a worker has compiled it.
    """

    def __init__(self, *, bucket: Any, clock: Clock, metrics: Metrics) -> None:
        """Take the bucket: `get_object(Key=..., IfNoneMatch=...)`, with the errors of botocore."""
        self._bucket = bucket
        self._cache = TenantCache(self._read_tenant, clock=clock, metrics=metrics)

    def get_profile(self, tenant: str) -> ConnectProfile:
        """Return a tenant's profile; raise `PermanentError` (`unknown_tenant`, `bad_profile`) without a valid one."""
        return self._cache.get_profile(tenant)

    def _read_tenant(self, tenant: str, old: _Tenant | None) -> _Tenant:
        if old and old.source and isinstance(self._read_source(tenant, old.source), Unchanged):
            return old
        compiled = self._read_compiled(tenant)
        source = self._read_source(tenant, compiled.source if compiled else "")
        match source:
            case None:
                return _Tenant("")
            case TextObject():
                valid = (old.profile if old else None) or (compiled.profile if compiled else None)
                return _parse_source(tenant, source, last_valid=valid)
        if compiled is None:  # only a read with an ETag has this answer
            raise TransientError("knowledge.read: not modified")
        return compiled

    def _read_compiled(self, tenant: str) -> _Tenant | None:
        found = read_text_object(partial(self._bucket.get_object, Key=f"{tenant}/{FILE}"))
        parsed = parse_edge_profile(found.text) if isinstance(found, TextObject) else None
        return _Tenant(parsed[1], profile=parsed[0]) if parsed else None

    def _read_source(self, tenant: str, etag: str) -> TextObject | Unchanged | None:
        return read_text_object(partial(self._bucket.get_object, Key=f"{tenant}/{_SOURCE}"), known_etag=etag)


def _parse_source(tenant: str, source: TextObject, *, last_valid: ConnectProfile | None) -> _Tenant:
    # Only where nothing is compiled yet: these imports take longer than the rest of a cold start.
    from shared.tenants.parse import parse_profile  # noqa: PLC0415

    log.info("profile_not_compiled", tenant=tenant)
    try:
        return _Tenant(source.etag, profile=parse_profile(source.text))
    except ConfigurationError as error:
        log.error("profile_refused", tenant=tenant, problem=str(error), last_good_stays=last_valid is not None)  # noqa: TRY400 - the text is enough
        return _Tenant(source.etag, profile=last_valid, problem=str(error))
