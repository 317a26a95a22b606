"""Tenants in memory: their profiles and documents, and a bucket to keep them in."""

import asyncio
import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from shared.aws.knowledge import KnowledgeBucket, S3TenantDirectory
from shared.clock import Clock
from shared.errors import PermanentError
from shared.ids import new_id
from shared.tenants.profile import TenantProfile
from tests.fakes.figures import FakeMetrics


class FakeProfiles:
    """`Profiles` of the ingress, which blocks."""

    def __init__(self, profiles: Mapping[str, TenantProfile]) -> None:
        self.profiles = dict(profiles)
        self.bad: set[str] = set()
        """Tenants that never had a good profile."""
        self.error: Exception | None = None

    def get_profile(self, tenant: str) -> TenantProfile:
        """Return the profile, or raise `PermanentError` when there is none."""
        if self.error:
            raise self.error
        if tenant in self.profiles:
            return self.profiles[tenant]
        raise PermanentError("bad_profile" if tenant in self.bad else "unknown_tenant", tenant)


class FakeTenants:
    """A `TenantDirectory`."""

    def __init__(
        self, profiles: Mapping[str, TenantProfile], documents: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.blocking = FakeProfiles(profiles)
        self._documents = dict(documents or {})
        self.warnings: dict[str, Sequence[str]] = {}
        self.document_problems: dict[str, Sequence[str]] = {}

    def set_documents(self, tenant: str, documents: Mapping[str, str]) -> None:
        """Replace the documents of a tenant."""
        self._documents[tenant] = documents

    async def list_tenants(self, *, max_age: timedelta = timedelta()) -> Sequence[str]:
        """Return the names of all tenants, in order, those with documents alone among them."""
        del max_age
        await asyncio.sleep(0)
        return sorted({*self.blocking.profiles, *self.blocking.bad, *self._documents})

    async def get_profile(self, tenant: str, *, for_visitor: bool = False) -> TenantProfile:
        """Return the profile, or raise `PermanentError`: `unknown_tenant`, `bad_profile`."""
        del for_visitor
        await asyncio.sleep(0)
        return self.blocking.get_profile(tenant)

    async def get_warnings(self, tenant: str) -> Sequence[str]:
        """Return the warnings that a test has set."""
        await asyncio.sleep(0)
        return self.warnings.get(tenant, ())

    async def get_document_problems(self, tenant: str) -> Sequence[str]:
        """Return the sentences that a test has set."""
        await asyncio.sleep(0)
        return self.document_problems.get(tenant, ())

    async def get_documents(self, tenant: str) -> Mapping[str, str]:
        """Return the documents in the order of their names; none without a profile."""
        await asyncio.sleep(0)
        there = tenant in self.blocking.profiles or tenant in self.blocking.bad
        return dict(sorted(self._documents.get(tenant, {}).items())) if there else {}


class MemoryS3:
    """One bucket in memory, for what would take an emulator too long."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def create_bucket(self, **_: Any) -> None:
        """Be there already."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803 - the API's names
        """Keep an object."""
        self._objects[Key] = Body
        return {"ETag": _etag(Body)}

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        """Return the only page."""
        found = {key: body for key, body in self._objects.items() if key.startswith(Prefix)}
        return {"Contents": [{"Key": key, "ETag": _etag(body), "Size": len(body)} for key, body in found.items()]}

    def get_object(self, *, Bucket: str, Key: str, IfNoneMatch: str | None = None) -> dict[str, Any]:  # noqa: N803
        """Return an object, or raise what S3 answers to a reader who may list the bucket."""
        if Key in self._objects and IfNoneMatch == _etag(self._objects[Key]):
            raise ClientError({"Error": {"Code": "304"}, "ResponseMetadata": {"HTTPStatusCode": 304}}, "GetObject")
        if Key not in self._objects:
            raise ClientError(
                {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}, "GetObject"
            )
        return {"Body": io.BytesIO(self._objects[Key]), "ETag": _etag(self._objects[Key])}


class WatchedS3:
    """Passes calls on and keeps which were made; may be out of reach, or changed by somebody in between."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._calls: list[str] = []
        self.reachable = True
        self.page_size: int | None = None
        self.after_listing: Callable[[], None] = lambda: None
        self.max_at_once = 0
        """The largest number of objects that were read at the same time."""
        self._reading = 0
        self._lock = Lock()
        self._is_open = Event()
        self._is_open.set()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let calls wait until the end of the block."""
        self._is_open.clear()
        try:
            yield
        finally:
            self._is_open.set()

    def list_objects_v2(self, **arguments: Any) -> Any:
        """List, then let somebody change what was listed."""
        self._called("list")
        page = self._client.list_objects_v2(**arguments, **({"MaxKeys": self.page_size} if self.page_size else {}))
        self.after_listing()
        return page

    def get_object(self, **arguments: Any) -> Any:
        """Read an object."""
        self._called(arguments["Key"].partition("/")[2])
        with self._lock:
            self._reading += 1
            self.max_at_once = max(self.max_at_once, self._reading)
        time.sleep(0.001)  # long enough for another reader to begin
        try:
            return self._client.get_object(**arguments)
        finally:
            with self._lock:
                self._reading -= 1

    def put_object(self, **arguments: Any) -> Any:
        """Store an object."""
        self._called(f"put {arguments['Key'].partition('/')[2]}")
        return self._client.put_object(**arguments)

    def head_bucket(self, **arguments: Any) -> Any:
        """Ask for the bucket, uncounted."""
        return self._client.head_bucket(**arguments)

    def take_calls(self) -> list[str]:
        """Return the calls since the last time: `list`, or the name of the object that was read."""
        calls, self._calls = self._calls, []
        return calls

    def _called(self, what: str) -> None:
        self._calls.append(what)
        assert self._is_open.wait(10)
        if not self.reachable:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")


class TenantFolder:
    """Tenants' folders in a bucket of their own, and the directory that reads them."""

    def __init__(self, s3: Any, clock: Clock) -> None:
        self._s3 = s3
        self._bucket = f"knowledge-{new_id()}"
        self._s3.create_bucket(Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.reads = WatchedS3(self._s3)
        self.metrics = FakeMetrics()
        self.bucket = KnowledgeBucket(client=self.reads, bucket=self._bucket, clock=clock, metrics=self.metrics)
        self.directory = S3TenantDirectory(self.bucket)

    def put(self, content: str | bytes, name: str = "profile.yaml", tenant: str = "salon") -> None:
        """Upload a file; a text as UTF-8."""
        body = content.encode() if isinstance(content, str) else content
        self._s3.put_object(Bucket=self._bucket, Key=f"{tenant}/{name}", Body=body)

    def remove(self, name: str, tenant: str = "salon") -> None:
        """Delete a file."""
        self._s3.delete_object(Bucket=self._bucket, Key=f"{tenant}/{name}")


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'
