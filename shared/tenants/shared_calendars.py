"""Finds calendars that several businesses name."""

from collections.abc import Mapping

from shared.tenants.profile import TenantProfile


def find_shared_calendars(profiles: Mapping[str, TenantProfile]) -> dict[str, list[str]]:
    """Return each calendar that several tenants name, with their names in order."""
    tenants_by_calendar: dict[str, list[str]] = {}
    for tenant, profile in sorted(profiles.items()):
        for calendar_id in dict.fromkeys(name.strip().casefold() for name in profile.calendars):
            tenants_by_calendar.setdefault(calendar_id, []).append(tenant)
    return {calendar_id: names for calendar_id, names in tenants_by_calendar.items() if len(names) > 1}
