"""A profile of the previous release is read with every field, from the same object of the bucket."""

import io
from datetime import date, datetime, timedelta
from unittest.mock import Mock

import pytest
import yaml
from botocore.exceptions import ClientError

from shared.aws.knowledge import KnowledgeBucket
from shared.tenants.parse import parse_profile
from tests.compatibility.fixtures_of_release import FIXTURES, fixture
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_free_slots

TEXT = (FIXTURES / "profile.yaml").read_text(encoding="utf-8")
MONDAY, SATURDAY = date(2026, 1, 12), date(2026, 1, 17)


@pytest.fixture(scope="module")
def profile():
    return parse_profile(TEXT)


def test_services_and_resources_are_read(profile):
    """With their times, their buffers, their caps and their calendars."""
    [service] = profile.services
    assert (service.id, service.name.choose_text("pl"), service.name.choose_text("en")) == (
        "massage",
        "Masaż",
        "Massage",
    )
    assert (service.duration_minutes, service.step_minutes, service.max_per_day) == (60, 30, 4)
    assert (service.buffer_before_minutes, service.buffer_after_minutes) == (10, 20)
    assert profile.list_lanes(service) == ("room/1", "room/2", "room/3")
    assert profile.calendars == {
        "salon@calendar.example": (),
        "room@calendar.example": ("room/1", "room/2", "room/3"),
    }


def test_hours_are_read(profile):
    """Of weekdays, of dates, of public holidays, and those in which nobody is reminded."""

    def hours(day):
        return [(period.opens, period.closes) for period in profile.list_open_periods(day)]

    assert hours(MONDAY) == [(540, 720), (780, 1020)]
    assert hours(SATURDAY) == [(600, 1440)]
    assert hours(MONDAY + timedelta(days=1)) == []
    assert (hours(date(2026, 12, 24)), hours(date(2026, 12, 31))) == ([], [(540, 780)])
    assert hours(date(2027, 3, 29)) == []
    assert (profile.quiet_hours.begins, profile.quiet_hours.ends) == (1260, 480)


def test_rules_and_addresses_are_read(profile):
    """What may be booked and when, who may open the chat, who e-mails are from, what the assistant may cost."""
    assert (profile.name, profile.locale, profile.time_zone, profile.country) == (
        *("Salon Ania", "pl"),
        *("Europe/Warsaw", "PL"),
    )
    assert (profile.minimum_notice_minutes, profile.horizon_days, profile.max_visits_per_day) == (90, 45, 8)
    assert (profile.allowed_origins, profile.allow_missing_origin) == (("https://salon.example",), True)
    assert profile.email_link_page_url == "https://salon.example/visits"
    assert profile.senders.email == "visits@salon.example"
    assert (profile.disclosure.choose_text("pl"), profile.disclosure.choose_text("en")) == (
        "Rozmawiasz z AI.",
        "You talk to an AI.",
    )
    assert (profile.model.id, profile.model.max_output_tokens) == ("eu.anthropic.claude-haiku", 700)
    assert (profile.limits.daily_output_tokens, profile.limits.chat_characters) == (400_000, 3000)


def test_newer_fields_have_defaults(profile):
    """The previous release knew no address, and fewer rules about hours."""
    assert not {"address", "closed_ranges", "merge_adjoining_periods", "minimum_notice_open_minutes"} & set(
        yaml.safe_load(TEXT)
    )
    assert (profile.address, profile.closed_ranges, profile.merge_adjoining_periods) == (None, (), False)
    assert profile.minimum_notice_open_minutes == 0


def test_the_same_times_are_offered():
    """Profiles of the previous release mean what they meant: each period is one of its own, and ends on its day."""
    for case in fixture("offered_times")["cases"]:
        stored = parse_profile(case["profile"])
        offers = find_free_slots(
            stored, None, from_day=None, days=60, now=datetime.fromisoformat(case["now"]), occupancy=Occupancy()
        )
        starts = {
            service.id: [
                offer.start.astimezone(stored.zone).strftime("%Y-%m-%dT%H:%M%z")
                for offer in offers
                if offer.service_id == service.id
            ]
            for service in stored.services
        }
        assert starts == case["starts"], case["about"]


def test_a_folder_of_the_bucket_is_a_tenant(profile):
    """The profile stands in it as `profile.yaml`, beside documents that end in `.md`."""
    objects = {"kept-salon/profile.yaml": TEXT, "kept-salon/prices.md": "# Prices", "kept-salon/draft.txt": "no"}
    bucket = KnowledgeBucket(client=bucket_of(objects), bucket="kept", clock=FakeClock(), metrics=FakeMetrics())
    assert bucket.list_tenants() == ["kept-salon"]
    assert bucket.get_profile("kept-salon") == profile
    assert dict(bucket.get_documents("kept-salon")) == {"prices.md": "# Prices"}


def bucket_of(objects):
    """Return a client of S3 that has these objects."""

    def read(**wanted):
        if wanted["Key"] not in objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(objects[wanted["Key"]].encode()), "ETag": wanted["Key"]}

    def listed(**wanted):
        if "Delimiter" in wanted:
            return {"CommonPrefixes": [{"Prefix": "kept-salon/"}]}
        found = [name for name in objects if name.startswith(wanted["Prefix"])]
        return {"Contents": [{"Key": name, "ETag": name, "Size": len(objects[name])} for name in found]}

    return Mock(get_object=read, list_objects_v2=listed)
