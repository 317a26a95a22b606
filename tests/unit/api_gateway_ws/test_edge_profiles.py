"""Profiles at the edge: compiled, or from the YAML, and never older than five minutes."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
import structlog

from api_gateway_ws.adapters.edge_profiles import EdgeProfiles
from shared.aws import tenant_cache
from shared.aws.knowledge import KnowledgeBucket
from shared.aws.tenant_cache import MAX_AGE, OUTAGE_MAX_AGE, UNKNOWN_MAX_AGE
from shared.errors import PermanentError, TransientError
from shared.tenants.edge_profile import FILE, EdgeProfile, compile_edge_profile, parse_edge_profile
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from tests.fakes.tenants import MemoryS3, WatchedS3

PROFILE = """\
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: calendar
locale: de
allowed_origins: ["https://salon.example"]
limits: {chat_characters: 500}
disclosure: {pl: Piszesz z AI, de: Sie schreiben mit einer KI, en: ""}
services:
  - {id: massage, name: {en: Massage}, duration_minutes: 60}
opening_hours: {monday: ["09:00-17:00"]}
"""
BAD = PROFILE.replace("duration_minutes: 60", "duration_minutes: 61")


class World:
    """A bucket in memory with one tenant, an edge that reads it and a worker that compiles."""

    def __init__(self):
        self.s3 = MemoryS3()
        self.watched = WatchedS3(self.s3)
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.edge = EdgeProfiles(bucket=self, clock=self.clock, metrics=self.metrics)

    def get_object(self, **parameters):
        return self.watched.get_object(Bucket="knowledge", **parameters)

    def upload(self, text=PROFILE, tenant="salon"):
        self.s3.put_object(Bucket="knowledge", Key=f"{tenant}/profile.yaml", Body=text.encode())

    def compile(self, tenant="salon"):
        """Let a worker look the tenant up that has not seen it yet."""
        worker = KnowledgeBucket(
            client=self.watched, bucket="knowledge", clock=self.clock, metrics=FakeMetrics(), compiles_profiles=True
        )
        worker.get_profile(tenant)
        return self.watched.take_calls()

    def look_up(self, tenant="salon"):
        """Return the profile and what was read for it."""
        self.watched.take_calls()
        return self.edge.get_profile(tenant), self.watched.take_calls()


@pytest.fixture
def world():
    return World()


@pytest.fixture(autouse=True)
def logs():
    with structlog.testing.capture_logs() as lines:
        yield lines


def test_a_compiled_profile_says_the_same_as_the_profile():
    """Whatever the edge asks."""
    profile = parse_profile(PROFILE)
    compiled, etag = parse_edge_profile(compile_edge_profile(profile, source_etag='"e"'))
    assert etag == '"e"'
    assert (compiled.locale, compiled.allow_missing_origin) == (profile.locale, profile.allow_missing_origin)
    assert compiled.allowed_origins == profile.allowed_origins
    assert compiled.limits.chat_characters == profile.limits.chat_characters
    for preferred in ("pl", "de-AT", "en", "uk"):
        assert compiled.disclosure.choose_text(preferred, "de") == profile.disclosure.choose_text(preferred, "de")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1}', '{"format": 1, "disclosure": 5}'])
def test_another_content_is_no_compiled_profile(text):
    """A later release may have another format: the YAML is read then."""
    assert parse_edge_profile(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_etag", '"a"\r\nX-Amz-Acl: public-read'),
        ("source_etag", "unquoted"),
        ("source_etag", '"ż"'),
        ("source_etag", f'"{"a" * 201}"'),
        ("chat_characters", float("inf")),
        ("disclosure", {"en": "\ud800"}),
    ],
)
def test_a_compiled_profile_that_somebody_has_written_by_hand_does_no_harm(field, value):
    """Whoever may upload to the folder of one business; its ETag is sent in a header."""
    content = json.loads(compile_edge_profile(parse_profile(PROFILE), source_etag='"e"'))
    assert parse_edge_profile(json.dumps(content)) is not None
    assert parse_edge_profile(json.dumps(content | {field: value})) is None


def test_a_compiled_profile_costs_two_reads_and_no_parser(world):
    """The second one asks only whether the YAML is still the same."""
    world.upload()
    world.compile()
    profile, reads = world.look_up()
    assert isinstance(profile, EdgeProfile)
    assert reads == [FILE, "profile.yaml"]
    assert world.look_up()[1] == []
    assert [one.value for one in world.metrics.figures if one.name == "KBCacheHit"] == [0, 1]


def test_until_a_worker_has_compiled_it_the_yaml_is_read(world, logs):
    """A new tenant can be visited at once."""
    world.upload()
    profile, _ = world.look_up()
    assert isinstance(profile, TenantProfile)
    assert "profile_not_compiled" in [line["event"] for line in logs]


def test_an_edit_takes_effect_within_five_minutes_compiled_or_not(world):
    """The compiled profile of the old YAML is not used any more."""
    world.upload()
    world.compile()
    assert world.look_up()[0].locale == "de"
    world.upload(PROFILE.replace("locale: de", "locale: pl"))
    assert world.look_up()[0].locale == "de"
    world.clock.advance(MAX_AGE)
    assert timedelta(minutes=5) == MAX_AGE
    assert world.look_up()[0].locale == "pl"


def test_an_unchanged_profile_costs_one_read_every_five_minutes(world):
    """With its ETag."""
    world.upload()
    world.compile()
    world.look_up()
    world.clock.advance(MAX_AGE)
    assert world.look_up()[1] == ["profile.yaml"]


def test_a_worker_stores_the_compiled_profile_only_if_it_changes(world):
    """Each start of a worker reads the profile; the bucket keeps every version that is written."""
    world.upload()
    assert f"put {FILE}" in world.compile()
    assert f"put {FILE}" not in world.compile()
    world.upload(PROFILE + "# a comment\n")
    assert f"put {FILE}" in world.compile()


def test_a_worker_that_may_not_write_goes_on(world, logs):
    """The edge reads the YAML."""
    world.upload()

    class ReadOnly:
        def __getattr__(self, name):
            return getattr(world.watched, name)

        def put_object(self, **_):
            raise TimeoutError

    worker = KnowledgeBucket(
        client=ReadOnly(), bucket="knowledge", clock=world.clock, metrics=FakeMetrics(), compiles_profiles=True
    )
    assert worker.get_profile("salon").name == "Salon Ania"
    assert [line["event"] for line in logs] == ["profile_not_stored"]


def test_the_desk_does_not_compile(world):
    """It may only read the bucket."""
    world.upload()
    KnowledgeBucket(client=world.watched, bucket="knowledge", clock=world.clock, metrics=FakeMetrics()).get_profile(
        "salon"
    )
    assert FILE not in " ".join(world.watched.take_calls())


def test_a_bad_edit_leaves_the_last_valid_profile(world, logs):
    """From the cache, and in a new environment from the compiled profile."""
    world.upload()
    world.compile()
    world.look_up()
    world.upload(BAD)
    world.clock.advance(MAX_AGE)
    assert world.look_up()[0].locale == "de"
    world.edge = EdgeProfiles(bucket=world, clock=world.clock, metrics=world.metrics)
    assert world.look_up()[0].locale == "de"
    refused = [line for line in logs if line["event"] == "profile_refused"]
    assert len(refused) == 2
    assert refused[0]["problem"].startswith("line 9: services.0.duration_minutes")


def test_a_bad_first_profile_is_refused(world):
    """There is nothing to fall back to."""
    world.upload(BAD)
    with pytest.raises(PermanentError) as raised:
        world.look_up()
    assert raised.value.reason == "bad_profile"


def test_an_unknown_tenant_costs_two_reads_a_minute(world):
    """It is remembered for a minute, also where a compiled profile was left behind."""
    world.s3.put_object(
        Bucket="b", Key=f"salon/{FILE}", Body=compile_edge_profile(parse_profile(PROFILE), source_etag='"e"').encode()
    )
    for _ in range(2):
        with pytest.raises(PermanentError) as raised:
            world.look_up()
        assert raised.value.reason == "unknown_tenant"
    assert world.watched.take_calls() == []
    world.upload()
    world.clock.advance(UNKNOWN_MAX_AGE)
    assert world.look_up()[0].locale == "de"


def test_unknown_tenants_evict_only_each_other(world, monkeypatch):
    """Clients choose the names."""
    monkeypatch.setattr(tenant_cache, "MAX_TENANTS", 3)
    world.upload()
    world.look_up()
    for number in range(5):
        with pytest.raises(PermanentError):
            world.look_up(f"nobody-{number}")
    assert world.look_up()[1] == []
    assert [len(each._entries) for each in (world.edge._cache._known, world.edge._cache._unknown)] == [1, 3]


def test_an_outage_is_survived_with_the_cache(world, logs):
    """However old the profile is; a tenant that was never read can't be served."""
    world.upload()
    world.look_up()
    world.clock.advance(timedelta(hours=3))
    world.watched.reachable = False
    assert world.look_up()[0].locale == "de"
    assert world.look_up()[1] == []
    assert "knowledge_out_of_reach" in [line["event"] for line in logs]
    with pytest.raises(TransientError):
        world.look_up("other")
    world.clock.advance(OUTAGE_MAX_AGE)
    assert world.look_up()[1] != []


def test_an_outage_is_no_proof_that_a_profile_is_still_bad(world):
    """A message would be given up; so it is tried again."""
    world.upload(BAD)
    with pytest.raises(PermanentError):
        world.look_up()
    world.clock.advance(MAX_AGE)
    world.watched.reachable = False
    with pytest.raises(TransientError):
        world.look_up()


@pytest.mark.process
def test_the_compiled_form_is_read_without_the_libraries_of_the_yaml():
    """They would take longer than the rest of a start."""
    program = (
        "import sys, shared.tenants.edge_profile\n"
        "print([name for name in ('yaml', 'pydantic', 'holidays', 'boto3') if name in sys.modules])"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == "[]"
