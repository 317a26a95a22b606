"""The knowledge bucket: each tenant's profile and documents, cached for five minutes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.metrics import Metrics
from shared.settings import AwsSettings
from shared.tenants import edge_profile
from shared.tenants.edge_profile import compile_edge_profile
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile
from shared.tenants.tenant_id import TENANT_ID

log = structlog.get_logger()
T = TypeVar("T")

MAX_AGE = timedelta(minutes=5)
UNKNOWN_MAX_AGE = timedelta(minutes=1)
"""How long the cache remembers that a tenant does not exist."""
OUTAGE_MAX_AGE = timedelta(seconds=30)
"""How long a stale entry is served during an outage before the bucket is asked again."""
MAX_TENANTS = 500
"""The size of the cache of existing tenants, and of that of unknown ones."""
MAX_DOCUMENTS = 100
MAX_DOCUMENT_BYTES = 200_000
_PROFILE = "profile.yaml"
_MAX_LISTED = 10_000


@dataclass(slots=True)
class _Tenant:
    due_at: datetime
    """When to read the bucket again."""
    etags: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    profile: TenantProfile | None = None
    problem: str = ""

    @property
    def exists(self) -> bool:
        return self.profile is not None or bool(self.problem)


class _LeastRecentlyUsedCache:
    """The most recently used tenants, up to `MAX_TENANTS`; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[str, _Tenant] = OrderedDict()

    def get(self, tenant: str) -> _Tenant | None:
        with self._lock:
            if tenant in self._entries:
                self._entries.move_to_end(tenant)
            return self._entries.get(tenant)

    def put(self, tenant: str, entry: _Tenant) -> None:
        with self._lock:
            self._entries[tenant] = entry
            self._entries.move_to_end(tenant)
            if len(self._entries) > MAX_TENANTS:
                self._entries.popitem(last=False)


class KnowledgeBucket:
    """Blocking reads with boto3; a tenant that was looked up in the last five minutes costs none.

    A later look-up lists the tenant's folder, and reads only the objects whose ETag has changed. When the bucket does
    not answer, a tenant that had a valid profile is served from the cache, however old. Clients choose the name that is
    looked up, so an unknown name costs one read and evicts only other unknown names.
    """

    def __init__(
        self, *, client: Any, bucket: str, clock: Clock, metrics: Metrics, compiles_profiles: bool = False
    ) -> None:
        """Take a client of S3; with `compiles_profiles` each valid profile is compiled for the edge."""
        self._compiles_profiles = compiles_profiles
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._metrics = metrics
        self._known = _LeastRecentlyUsedCache()
        self._unknown = _LeastRecentlyUsedCache()

    def check_readable(self) -> None:
        """Fail early, with advice, when the bucket is not readable.

        Raises:
            ConfigurationError: the bucket is missing or may not be read.
        """
        try:
            with translate_aws_errors("knowledge.check"):
                self._client.head_bucket(Bucket=self._bucket)
        except PermanentError as error:
            raise ConfigurationError(
                f"the knowledge bucket {self._bucket!r} can't be read ({error.reason}): deploy the template, and set "
                "KNOWLEDGE_BUCKET to its output"
            ) from error

    def list_tenants(self) -> list[str]:
        """Return the sorted names of the folders that can belong to a tenant, without the cache."""
        names: list[str] = []
        more: dict[str, str] = {}
        with translate_aws_errors("knowledge.tenants"):
            while len(names) < _MAX_LISTED:
                page = self._client.list_objects_v2(Bucket=self._bucket, Delimiter="/", Prefix="", **more)
                names += [entry["Prefix"].removesuffix("/") for entry in page.get("CommonPrefixes", ())]
                if not page.get("NextContinuationToken"):
                    break
                more = {"ContinuationToken": page["NextContinuationToken"]}
        return sorted(name for name in names if TENANT_ID.fullmatch(name))

    def is_cached(self, tenant: str) -> bool:
        """Return whether a look-up is answered from the cache."""
        return self._find_cached(tenant) is not None

    def get_profile(self, tenant: str) -> TenantProfile:
        """Return a tenant's profile; raise `PermanentError` (`unknown_tenant`, `bad_profile`) without a valid one."""
        # Every message asks for its tenant's profile exactly once, so this is where look-ups are counted.
        cached = self._find_cached(tenant)
        self._metrics.count("KBCacheHit", 1 if cached else 0)
        entry = cached or self._look_up_tenant(tenant)
        if entry.profile is None:
            raise PermanentError("bad_profile" if entry.problem else "unknown_tenant", entry.problem or tenant)
        return entry.profile

    def get_documents(self, tenant: str) -> Mapping[str, str]:
        """Return a tenant's Markdown documents by name; none for a tenant without a profile."""
        return (self._find_cached(tenant) or self._look_up_tenant(tenant)).documents

    def _find_cached(self, tenant: str) -> _Tenant | None:
        entry = self._known.get(tenant) or self._unknown.get(tenant)
        return entry if entry and self._clock.now() < entry.due_at else None

    def _look_up_tenant(self, tenant: str) -> _Tenant:
        old = self._known.get(tenant)
        try:
            new = self._refresh_tenant(tenant, old) if old and old.exists else self._load_new_tenant(tenant)
        except TransientError as error:
            if old is None or old.profile is None:
                raise
            log.warning("knowledge_out_of_reach", tenant=tenant, problem=str(error))
            # From now, not from the start of the look-up: calls that waited for it must not repeat it one by one.
            old.due_at = self._clock.now() + OUTAGE_MAX_AGE
            return old
        # A tenant that was removed stays in the cache of existing tenants.
        (self._known if new.exists or old else self._unknown).put(tenant, new)
        return new

    def _load_new_tenant(self, tenant: str) -> _Tenant:
        now = self._clock.now()
        if not (profile := self._read_object(tenant, _PROFILE)):
            return _Tenant(now + UNKNOWN_MAX_AGE)
        start = _Tenant(now, etags={_PROFILE: profile[1]})
        self._parse_profile_into(tenant, *profile, start)
        return self._refresh_tenant(tenant, start)

    def _refresh_tenant(self, tenant: str, old: _Tenant) -> _Tenant:
        now = self._clock.now()
        listed = self._list_etags(tenant)
        if _PROFILE not in listed:
            return _Tenant(now + UNKNOWN_MAX_AGE)
        new = _Tenant(now + MAX_AGE, profile=old.profile, problem=old.problem)
        for name, listed_etag in sorted(listed.items()):
            if old.etags.get(name) == listed_etag:
                new.etags[name] = listed_etag
                if name != _PROFILE:
                    new.documents[name] = old.documents[name]
            # An object that was deleted after the listing is left out; of a deleted profile the last valid one stays.
            elif content := self._read_object(tenant, name):
                text, new.etags[name] = content
                if name == _PROFILE:
                    self._parse_profile_into(tenant, *content, new)
                else:
                    new.documents[name] = text
        return new

    def _parse_profile_into(self, tenant: str, text: str, etag: str, into: _Tenant) -> None:
        try:
            into.profile, into.problem = parse_profile(text), ""
            if self._compiles_profiles:
                self._store_compiled(tenant, compile_edge_profile(into.profile, source_etag=etag))
        except ConfigurationError as error:
            into.problem = str(error)
            log.error("profile_refused", tenant=tenant, problem=str(error), last_good_stays=into.profile is not None)  # noqa: TRY400 - the text is enough

    def _store_compiled(self, tenant: str, compiled: str) -> None:
        """Store the compiled profile if it differs from the stored one; without it the edge reads the YAML."""
        try:
            stored = self._read_object(tenant, edge_profile.FILE)
            if stored is None or stored[0] != compiled:
                with translate_aws_errors("knowledge.compile"):
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=f"{tenant}/{edge_profile.FILE}",
                        Body=compiled.encode(),
                        ContentType="application/json",
                    )
                log.info("profile_compiled", tenant=tenant)
        except (TransientError, PermanentError) as error:
            log.warning("profile_not_stored", tenant=tenant, problem=str(error))

    def _list_etags(self, tenant: str) -> dict[str, str]:
        prefix = f"{tenant}/"
        entries: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        with translate_aws_errors("knowledge.list"):
            while len(entries) < _MAX_LISTED:
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
                entries += page.get("Contents", ())
                if not page.get("NextContinuationToken"):
                    break
                more = {"ContinuationToken": page["NextContinuationToken"]}
        names = {
            name: entry["ETag"]
            for entry in entries
            # A profile that is too large is refused with its reason, not ignored.
            if (name := entry["Key"].removeprefix(prefix)) == _PROFILE or entry["Size"] <= MAX_DOCUMENT_BYTES
        }
        documents = sorted(name for name in names if name.endswith(".md") and "/" not in name)
        if len(documents) > MAX_DOCUMENTS:
            log.warning("documents_left_out", tenant=tenant, kept=MAX_DOCUMENTS, found=len(documents))
        selected = {*documents[:MAX_DOCUMENTS], _PROFILE}
        return {name: etag for name, etag in names.items() if name in selected}

    def _read_object(self, tenant: str, name: str) -> tuple[str, str] | None:
        """Return an object's text and ETag; None when it does not exist."""
        with translate_aws_errors("knowledge.read"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=f"{tenant}/{name}")
                body: bytes = answer["Body"].read()
            except ClientError as error:
                if get_error_code(error) == "NoSuchKey":
                    return None
                raise
        return body.decode(errors="replace"), answer["ETag"]


def open_tenant_directory(
    settings: AwsSettings, clock: Clock, metrics: Metrics, *, compiles_profiles: bool = False
) -> "S3TenantDirectory":
    """Return the directory of a worker or the desk; raise `ConfigurationError` when the bucket is not readable.

    Workers compile profiles for ingress and authorizer; the desk, which may not write to the bucket, does not.
    """
    endpoint_url = settings.find_endpoint_url("s3")
    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
        # An emulator has no DNS for one host name per bucket.
        s3={"addressing_style": "path"} if endpoint_url else None,
    )
    client = boto3.client("s3", region_name=settings.aws_region, endpoint_url=endpoint_url, config=config)
    bucket = KnowledgeBucket(
        client=client,
        bucket=settings.knowledge_bucket,
        clock=clock,
        metrics=metrics,
        compiles_profiles=compiles_profiles,
    )
    bucket.check_readable()
    return S3TenantDirectory(bucket)


class S3TenantDirectory:
    """The bucket for asyncio: look-ups that must read run on a thread, one at a time per tenant."""

    def __init__(self, bucket: KnowledgeBucket) -> None:
        self._bucket = bucket
        # A lock exists as long as a task holds it or waits for it.
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def list_tenants(self) -> Sequence[str]:
        """Return the names of all tenants' folders."""
        return await asyncio.to_thread(self._bucket.list_tenants)

    async def get_profile(self, tenant: str) -> TenantProfile:
        """Return the profile."""
        return await self._run_look_up(tenant, self._bucket.get_profile)

    async def get_documents(self, tenant: str) -> Mapping[str, str]:
        """Return the knowledge base."""
        return await self._run_look_up(tenant, self._bucket.get_documents)

    async def _run_look_up(self, tenant: str, look_up: Callable[[str], T]) -> T:
        if self._bucket.is_cached(tenant):
            return look_up(tenant)
        async with self._reading.setdefault(tenant, asyncio.Lock()):
            return await asyncio.to_thread(look_up, tenant)
