"""The port through which a deployable reads tenants' profiles and documents."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from shared.tenants.profile import TenantProfile


class TenantDirectory(Protocol):
    """Profiles and documents of tenants, from a cache that is never older than five minutes while S3 answers."""

    async def list_tenants(self, *, max_age: timedelta = timedelta()) -> Sequence[str]:
        """Return the names of all tenants' folders, with and without valid profiles, as of at most `max_age` ago."""
        ...

    async def get_profile(self, tenant: str, *, for_visitor: bool = False) -> TenantProfile:
        """Return the profile; the look-up is counted (`KBCacheHit`) if a visitor waits for it.

        Raises:
            PermanentError: `unknown_tenant`, or `bad_profile` when there never was a valid one.
        """
        ...

    async def get_warnings(self, tenant: str) -> Sequence[str]:
        """Return what looks like a mistake in the latest profile that was accepted; a sentence each, with its line."""
        ...

    async def get_document_problems(self, tenant: str) -> Sequence[str]:
        """Return a sentence for each file of the folder that the assistant does not read, with the reason.

        The first sentence says since when the bucket does not answer, if an old copy is served.
        """
        ...

    async def get_documents(self, tenant: str) -> Mapping[str, str]:
        """Return the knowledge base: file name to Markdown text, in the order of the names.

        The same object until a document changes.
        """
        ...
