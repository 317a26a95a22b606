"""The knowledge bucket: each tenant's profile and documents, cached for five minutes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
import structlog
from botocore.config import Config

from shared.aws.errors import translated
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError
from shared.ports import Metrics
from shared.settings import AwsSettings
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile

log = structlog.get_logger()

MAX_AGE = timedelta(minutes=5)
MAX_DOCUMENTS = 100
MAX_DOCUMENT_BYTES = 200_000
_PROFILE = "profile.yaml"
_MAX_LISTED = 10_000


@dataclass(slots=True)
class _Tenant:
    checked_at: datetime
    etags: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    profile: TenantProfile | None = None
    problem: str = ""


class KnowledgeBucket:
    """Blocking reads, on boto3; a tenant that was looked up in the last five minutes costs none.

    A look-up after that lists the tenant's folder, and reads only the objects whose ETag has changed.
    """

    def __init__(self, *, client: Any, bucket: str, clock: Clock, metrics: Metrics) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._metrics = metrics
        self._tenants: dict[str, _Tenant] = {}

    def check(self) -> None:
        """Fail early, with what to do, when the bucket is not there.

        Raises:
            ConfigurationError: the bucket is missing or may not be read.
        """
        try:
            with translated("knowledge.check"):
                self._client.head_bucket(Bucket=self._bucket)
        except PermanentError as error:
            raise ConfigurationError(
                f"the knowledge bucket {self._bucket!r} can't be read ({error.reason}): deploy the template, and set "
                "KNOWLEDGE_BUCKET to its output"
            ) from error

    def fresh(self, tenant: str) -> bool:
        """Whether a look-up is answered from the cache."""
        known = self._tenants.get(tenant)
        return known is not None and self._clock.now() - known.checked_at < MAX_AGE

    def profile(self, tenant: str) -> TenantProfile:
        """Return a tenant's profile; raise `PermanentError` (`unknown_tenant`, `bad_profile`) without a good one."""
        # Every message asks for its tenant's profile exactly once, so this is where look-ups are counted.
        self._metrics.count("KBCacheHit", 1 if self.fresh(tenant) else 0)
        known = self._lookup(tenant)
        if known.profile is None:
            raise PermanentError("bad_profile" if known.problem else "unknown_tenant", known.problem or tenant)
        return known.profile

    def documents(self, tenant: str) -> Mapping[str, str]:
        """Return a tenant's Markdown documents by name."""
        return self._lookup(tenant).documents

    def _lookup(self, tenant: str) -> _Tenant:
        if not self.fresh(tenant):
            self._tenants[tenant] = self._refreshed(tenant)
        return self._tenants[tenant]

    def _refreshed(self, tenant: str) -> _Tenant:
        old = self._tenants.get(tenant) or _Tenant(self._clock.now())
        new = _Tenant(self._clock.now(), profile=old.profile, problem=old.problem)
        new.etags = self._listed(tenant)
        for name, etag in sorted(new.etags.items()):
            changed = old.etags.get(name) != etag
            if name == _PROFILE:
                if changed:
                    self._take_profile(tenant, new, old)
            elif changed:
                new.documents[name] = self._read(tenant, name)
            else:
                new.documents[name] = old.documents[name]
        if _PROFILE not in new.etags:
            new.profile, new.problem = None, ""
        return new

    def _take_profile(self, tenant: str, new: _Tenant, old: _Tenant) -> None:
        try:
            new.profile, new.problem = parse_profile(self._read(tenant, _PROFILE)), ""
        except ConfigurationError as error:
            new.problem = str(error)
            log.error("profile_refused", tenant=tenant, problem=str(error), last_good_stays=old.profile is not None)  # noqa: TRY400 - the text says it all

    def _listed(self, tenant: str) -> dict[str, str]:
        prefix = f"{tenant}/"
        entries: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        with translated("knowledge.list"):
            while len(entries) < _MAX_LISTED:
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
                entries += page.get("Contents", ())
                if not page.get("NextContinuationToken"):
                    break
                more = {"ContinuationToken": page["NextContinuationToken"]}
        names = {
            name: entry["ETag"]
            for entry in entries
            # A profile that is too large is refused with its reason, not overlooked.
            if (name := entry["Key"].removeprefix(prefix)) == _PROFILE or entry["Size"] <= MAX_DOCUMENT_BYTES
        }
        documents = sorted(name for name in names if name.endswith(".md") and "/" not in name)
        if len(documents) > MAX_DOCUMENTS:
            log.warning("documents_left_out", tenant=tenant, kept=MAX_DOCUMENTS, found=len(documents))
        wanted = {*documents[:MAX_DOCUMENTS], _PROFILE}
        return {name: etag for name, etag in names.items() if name in wanted}

    def _read(self, tenant: str, name: str) -> str:
        with translated("knowledge.read"):
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=f"{tenant}/{name}")["Body"].read()
        return body.decode(errors="replace")


def open_knowledge(settings: AwsSettings, clock: Clock, metrics: Metrics) -> "S3TenantDirectory":
    """Return the directory of a worker; raise `ConfigurationError` when the bucket is not there."""
    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
        # An emulator has no DNS for one host name per bucket.
        s3={"addressing_style": "path"} if settings.aws_endpoint_url else None,
    )
    client = boto3.client("s3", region_name=settings.aws_region, endpoint_url=settings.aws_endpoint_url, config=config)
    bucket = KnowledgeBucket(client=client, bucket=settings.knowledge_bucket, clock=clock, metrics=metrics)
    bucket.check()
    return S3TenantDirectory(bucket)


class S3TenantDirectory:
    """The bucket for workers: look-ups that must read go to a thread, one at a time per tenant."""

    def __init__(self, bucket: KnowledgeBucket) -> None:
        self._bucket = bucket
        self._reading: dict[str, asyncio.Lock] = {}

    async def profile(self, tenant: str) -> TenantProfile:
        """Return the profile."""
        if self._bucket.fresh(tenant):
            return self._bucket.profile(tenant)
        async with self._lock(tenant):
            return await asyncio.to_thread(self._bucket.profile, tenant)

    async def documents(self, tenant: str) -> Mapping[str, str]:
        """Return the knowledge base."""
        if self._bucket.fresh(tenant):
            return self._bucket.documents(tenant)
        async with self._lock(tenant):
            return await asyncio.to_thread(self._bucket.documents, tenant)

    def _lock(self, tenant: str) -> asyncio.Lock:
        return self._reading.setdefault(tenant, asyncio.Lock())
