"""Tenants in memory: their profiles and documents."""

import asyncio
from collections.abc import Mapping

from shared.errors import PermanentError
from shared.tenants.profile import TenantProfile


class FakeProfiles:
    """`Profiles` of the ingress, which blocks."""

    def __init__(self, profiles: Mapping[str, TenantProfile]) -> None:
        self.profiles = dict(profiles)
        self.bad: set[str] = set()
        """Tenants that never had a good profile."""
        self.trouble: Exception | None = None

    def profile(self, tenant: str) -> TenantProfile:
        """Return the profile, or raise `PermanentError` when there is none."""
        if self.trouble:
            raise self.trouble
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

    async def profile(self, tenant: str) -> TenantProfile:
        """Return the profile, or raise `PermanentError`: `unknown_tenant`, `bad_profile`."""
        await asyncio.sleep(0)
        return self.blocking.profile(tenant)

    async def documents(self, tenant: str) -> Mapping[str, str]:
        """Return the documents in the order of their names."""
        await asyncio.sleep(0)
        return dict(sorted(self._documents.get(tenant, {}).items()))
