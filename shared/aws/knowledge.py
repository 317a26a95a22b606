"""The knowledge bucket: each tenant's profile and documents, cached for five minutes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import boto3
import structlog
from botocore.config import Config

from shared.aws.errors import translate_aws_errors
from shared.aws.tenant_cache import TenantCache, TenantEntry
from shared.aws.tenant_documents import DocumentFolder, DocumentMemory, LoadedDocuments, load_documents
from shared.aws.text_objects import TextObject, read_text_object
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.metrics import Metrics
from shared.settings import AwsSettings
from shared.tenants import edge_profile
from shared.tenants.documents import PROFILE_FILE, DocumentSelection, select_documents
from shared.tenants.edge_profile import compile_edge_profile
from shared.tenants.parse import parse_with_tree
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_warnings import find_profile_warnings
from shared.tenants.tenant_id import TENANT_ID

log = structlog.get_logger()
T = TypeVar("T")

_MAX_LISTED = 10_000

_Tenant = TenantEntry[TenantProfile, DocumentFolder]


class KnowledgeBucket:
    """Blocking reads with boto3; a tenant that was looked up in the last five minutes costs none.

    A later look-up lists the tenant's folder, and reads only the objects whose ETag has changed, several at a time.
    Documents are read when somebody asks for them, and kept in a bounded memory. An unknown name costs
    one read.
    """

    def __init__(
        self, *, client: Any, bucket: str, clock: Clock, metrics: Metrics, compiles_profiles: bool = False
    ) -> None:
        """Take a client of S3; with `compiles_profiles` each valid profile is compiled for the edge."""
        self._compiles_profiles = compiles_profiles
        self._client = client
        self._bucket = bucket
        self._cache = TenantCache(self._read_tenant, clock=clock, metrics=metrics)
        self._clock = clock
        self._listed: tuple[datetime, list[str]] | None = None
        self._memory = DocumentMemory()

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

    def list_tenants(self, *, max_age: timedelta = timedelta()) -> list[str]:
        """Return the sorted names of the folders that can belong to a tenant, from a list that is at most so old."""
        now = self._clock.now()
        if self._listed is None or now - self._listed[0] >= max_age:
            self._listed = now, self._list_folders()
        return self._listed[1]

    def _list_folders(self) -> list[str]:
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

    def is_cached(self, tenant: str, *, with_documents: bool = False) -> bool:
        """Return whether a look-up is answered from the cache."""
        entry = self._cache.find(tenant)
        return entry is not None and (not with_documents or entry.source.loaded is not None)

    def is_refresh_due(self, tenant: str) -> bool:
        """Return whether a look-up is answered from the cache, but should be followed by `refresh`."""
        return self._cache.is_refresh_due(tenant)

    def refresh(self, tenant: str) -> None:
        """Read a tenant again that is served from the cache; raise nothing, for the next look-up tries again."""
        with suppress(TransientError, PermanentError):
            self._cache.refresh(tenant)

    def get_profile(self, tenant: str, *, for_visitor: bool = False) -> TenantProfile:
        """Return a tenant's profile; raise `PermanentError` (`unknown_tenant`, `bad_profile`) without a valid one."""
        return self._cache.get_profile(tenant, for_visitor=for_visitor)

    def get_warnings(self, tenant: str) -> Sequence[str]:
        """Return what looks like a mistake in a tenant's profile, though it is accepted."""
        return self._cache.look_up(tenant).warnings

    def get_document_problems(self, tenant: str) -> Sequence[str]:
        """Return which files of a tenant's folder are not read, and whether an old copy is served."""
        self.get_documents(tenant)
        entry = self._cache.look_up(tenant)
        if since := entry.out_of_reach_since:
            outage = f"the knowledge bucket does not answer since {since:%Y-%m-%d %H:%M} UTC: an old copy is served"
            return (outage, *entry.source.problems)
        return entry.source.problems

    def get_documents(self, tenant: str) -> Mapping[str, str]:
        """Return a tenant's Markdown documents by name; none for a tenant without a profile."""
        folder = self._cache.look_up(tenant).source
        # Another thread may drop what is loaded at any time.
        if loaded := folder.loaded:
            self._memory.touch(tenant)
            return loaded.texts
        return self._load_documents(tenant, folder, None).texts

    def _read_tenant(self, tenant: str, old: _Tenant | None) -> _Tenant:
        return self._refresh_tenant(tenant, old) if old and old.exists else self._load_new_tenant(tenant)

    def _load_new_tenant(self, tenant: str) -> _Tenant:
        start = _Tenant(DocumentFolder())
        if not (profile := self._read_object(tenant, PROFILE_FILE)):
            return start
        start.source.profile_etag = profile.etag
        self._parse_profile_into(tenant, profile, start)
        return self._refresh_tenant(tenant, start)

    def _refresh_tenant(self, tenant: str, old: _Tenant) -> _Tenant:
        etags, selection = self._list_folder(tenant)
        if PROFILE_FILE not in etags:
            return _Tenant(DocumentFolder())
        listed = {name: etags[name] for name in selection.names}
        folder = DocumentFolder(old.source.profile_etag, listed, selection.problems)
        new = _Tenant(folder, profile=old.profile, problem=old.problem, warnings=old.warnings)
        if folder.skipped and folder.skipped != old.source.skipped:
            log.warning("documents_not_read", tenant=tenant, problems=folder.skipped)
        # Of a profile that was deleted after the listing the last valid one stays.
        if etags[PROFILE_FILE] != folder.profile_etag and (profile := self._read_object(tenant, PROFILE_FILE)):
            folder.profile_etag = profile.etag
            self._parse_profile_into(tenant, profile, new)
        if known := old.source.loaded:
            self._load_documents(tenant, folder, known)
        return new

    def _load_documents(self, tenant: str, folder: DocumentFolder, known: LoadedDocuments | None) -> LoadedDocuments:
        loaded = load_documents(folder.listed, known, partial(self._read_object, tenant))
        if loaded.problems and loaded.problems != (known.problems if known else ()):
            log.warning("documents_not_read", tenant=tenant, problems=loaded.problems)
        self._memory.keep(tenant, folder, loaded)
        return loaded

    def _parse_profile_into(self, tenant: str, source: TextObject, into: _Tenant) -> None:
        try:
            into.profile, tree = parse_with_tree(source.text)
            into.problem, into.warnings = "", tuple(map(str, find_profile_warnings(tree, into.profile)))
            if into.warnings:
                log.warning("profile_mistakes", tenant=tenant, problems=into.warnings)
            if self._compiles_profiles:
                self._store_compiled(tenant, compile_edge_profile(into.profile, source_etag=source.etag))
        except ConfigurationError as error:
            into.problem = str(error)
            log.error("profile_refused", tenant=tenant, problem=str(error), last_good_stays=into.profile is not None)  # noqa: TRY400 - the text is enough

    def _store_compiled(self, tenant: str, compiled: str) -> None:
        """Store the compiled profile if it differs from the stored one; without it the edge reads the YAML."""
        try:
            stored = self._read_object(tenant, edge_profile.FILE)
            if stored is None or stored.text != compiled:
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

    def _list_folder(self, tenant: str) -> tuple[dict[str, str], DocumentSelection]:
        """Return the ETags of a folder's objects by name, and which of them are documents."""
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
        named = {entry["Key"].removeprefix(prefix): entry for entry in entries}
        return (
            {name: entry["ETag"] for name, entry in named.items()},
            select_documents({name: entry["Size"] for name, entry in named.items()}),
        )

    def _read_object(self, tenant: str, name: str) -> TextObject | None:
        """Return an object; None when it does not exist."""
        read = read_text_object(partial(self._client.get_object, Bucket=self._bucket, Key=f"{tenant}/{name}"))
        return read if isinstance(read, TextObject) else None


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
    """The bucket for asyncio: look-ups that must read run on a thread, one at a time per tenant.

    An entry that is about to become too old is served while it is read again, so that visitors seldom wait.
    """

    def __init__(self, bucket: KnowledgeBucket) -> None:
        self._bucket = bucket
        # A lock exists as long as a task holds it or waits for it.
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._refreshing: dict[str, asyncio.Future[None]] = {}

    async def list_tenants(self, *, max_age: timedelta = timedelta()) -> Sequence[str]:
        """Return the names of all tenants' folders."""
        return await asyncio.to_thread(self._bucket.list_tenants, max_age=max_age)

    async def get_profile(self, tenant: str, *, for_visitor: bool = False) -> TenantProfile:
        """Return the profile."""
        return await self._run_look_up(tenant, partial(self._bucket.get_profile, for_visitor=for_visitor))

    async def get_warnings(self, tenant: str) -> Sequence[str]:
        """Return the mistakes of an accepted profile."""
        return await self._run_look_up(tenant, self._bucket.get_warnings)

    async def get_document_problems(self, tenant: str) -> Sequence[str]:
        """Return which files are not read, and whether an old copy is served."""
        return await self._run_look_up(tenant, self._bucket.get_document_problems, with_documents=True)

    async def get_documents(self, tenant: str) -> Mapping[str, str]:
        """Return the knowledge base."""
        return await self._run_look_up(tenant, self._bucket.get_documents, with_documents=True)

    async def _run_look_up(self, tenant: str, look_up: Callable[[str], T], *, with_documents: bool = False) -> T:
        if self._bucket.is_cached(tenant, with_documents=with_documents):
            if self._bucket.is_refresh_due(tenant):
                self._refresh_in_background(tenant)
            return look_up(tenant)
        async with self._reading.setdefault(tenant, asyncio.Lock()):
            if refreshing := self._refreshing.get(tenant):
                await asyncio.wait({refreshing})
            if self._bucket.is_cached(tenant, with_documents=with_documents):
                return look_up(tenant)
            return await asyncio.to_thread(look_up, tenant)

    def _refresh_in_background(self, tenant: str) -> None:
        if tenant not in self._refreshing:
            # A thread, not a task: in a Lambda function the loop stands still between two messages.
            future = asyncio.get_running_loop().run_in_executor(None, self._bucket.refresh, tenant)
            self._refreshing[tenant] = future
            future.add_done_callback(lambda _: self._refreshing.pop(tenant, None))
