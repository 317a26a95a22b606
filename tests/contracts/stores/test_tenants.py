"""Profiles and documents: found, missing, bad, and from the bucket through a cache of five minutes."""

import asyncio
from datetime import timedelta

import pytest
import structlog

from shared.aws.knowledge import MAX_AGE, KnowledgeBucket, S3TenantDirectory
from shared.errors import ConfigurationError, PermanentError
from shared.ids import new_id
from shared.tenants.parse import parse_profile
from tests.fakes.figures import FakeMetrics
from tests.fakes.tenants import FakeTenants

PROFILE = """\
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: calendar
services:
  - {id: massage, name: {en: Massage}, duration_minutes: 60}
opening_hours: {monday: ["09:00-17:00"]}
"""
BAD = PROFILE.replace("duration_minutes: 60", "duration_minutes: 61")
DOCUMENTS = {"b.md": "# Ceny\n", "a.md": "# Godziny 🕘\n"}


class CountingS3:
    """Passes calls on and keeps which were made."""

    def __init__(self, client):
        self._client = client
        self.calls = []

    def list_objects_v2(self, **arguments):
        self.calls.append("list")
        return self._client.list_objects_v2(**arguments)

    def get_object(self, **arguments):
        self.calls.append(arguments["Key"].partition("/")[2])
        return self._client.get_object(**arguments)

    def head_bucket(self, **arguments):
        return self._client.head_bucket(**arguments)

    def taken(self):
        calls, self.calls = self.calls, []
        return calls


class Folder:
    """A tenant's folder in a bucket of the emulator, and the directory that reads it."""

    def __init__(self, emulator, clock):
        self._s3 = emulator.client("s3")
        self._bucket = f"knowledge-{new_id()}"
        self._s3.create_bucket(Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.reads = CountingS3(self._s3)
        self.metrics = FakeMetrics()
        self.bucket = KnowledgeBucket(client=self.reads, bucket=self._bucket, clock=clock, metrics=self.metrics)
        self.directory = S3TenantDirectory(self.bucket)

    def put(self, text, name="profile.yaml", tenant="salon"):
        self._s3.put_object(Bucket=self._bucket, Key=f"{tenant}/{name}", Body=text.encode())

    def remove(self, name, tenant="salon"):
        self._s3.delete_object(Bucket=self._bucket, Key=f"{tenant}/{name}")


@pytest.fixture
def folder(emulator, clock):
    return Folder(emulator, clock)


@pytest.fixture
def stocked(folder):
    folder.put(PROFILE)
    for name, text in DOCUMENTS.items():
        folder.put(text, name)
    return folder


@pytest.fixture(params=["memory", "s3"])
def directory(request):
    if request.param == "memory":
        tenants = FakeTenants({"salon": parse_profile(PROFILE)}, {"salon": DOCUMENTS})
        tenants.blocking.bad.add("broken")
        return tenants
    stocked = request.getfixturevalue("stocked")
    stocked.put(BAD, tenant="broken")
    stocked.put(PROFILE, tenant="salon-two")
    return stocked.directory


async def test_a_tenant_has_a_profile_and_documents(directory):
    """The profile is checked and typed; documents come by name, in the order of the names."""
    assert (await directory.profile("salon")).name == "Salon Ania"
    documents = await directory.documents("salon")
    assert list(documents.items()) == sorted(DOCUMENTS.items())


@pytest.mark.parametrize(("tenant", "reason"), [("nobody", "unknown_tenant"), ("broken", "bad_profile")])
async def test_a_tenant_without_a_good_profile_is_refused(directory, tenant, reason):
    """Who is unknown, and whose first profile is bad, is told apart."""
    with pytest.raises(PermanentError) as refusal:
        await directory.profile(tenant)
    assert refusal.value.reason == reason


async def test_five_minutes_cost_one_look(stocked, clock):
    """Every look-up within five minutes is answered without the bucket, and counted as a hit."""
    await stocked.directory.profile("salon")
    assert sorted(stocked.reads.taken()) == ["a.md", "b.md", "list", "profile.yaml"]
    clock.turn(MAX_AGE - timedelta(seconds=1))
    await stocked.directory.profile("salon")
    await stocked.directory.documents("salon")
    assert stocked.reads.taken() == []
    assert [figure.value for figure in stocked.metrics.figures] == [0, 1]


async def test_after_five_minutes_only_what_changed_is_read(stocked, clock):
    """The folder is listed again, and of its objects only the one with another ETag is read."""
    await stocked.directory.documents("salon")
    stocked.reads.taken()
    clock.turn(MAX_AGE)
    stocked.put("# Nowe ceny\n", "b.md")
    documents = await stocked.directory.documents("salon")
    assert stocked.reads.taken() == ["list", "b.md"]
    assert documents == {"a.md": DOCUMENTS["a.md"], "b.md": "# Nowe ceny\n"}
    clock.turn(MAX_AGE)
    await stocked.directory.profile("salon")
    assert stocked.reads.taken() == ["list"]


async def test_a_removed_document_is_forgotten(stocked, clock):
    """What the owner took away is no longer knowledge; other files of the folder never were."""
    await stocked.directory.documents("salon")
    stocked.remove("b.md")
    stocked.put("secret", "notes.txt")
    stocked.put("# Old", "archive/c.md")
    clock.turn(MAX_AGE)
    assert list(await stocked.directory.documents("salon")) == ["a.md"]


async def test_a_bad_profile_keeps_the_last_good_one(stocked, clock):
    """A mistake is logged with its line once, the business goes on as before, and a repair is taken up."""
    good = await stocked.directory.profile("salon")
    stocked.put(BAD)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            clock.turn(MAX_AGE)
            assert await stocked.directory.profile("salon") == good
    (line,) = [entry for entry in logs if entry["event"] == "profile_refused"]
    assert (line["tenant"], line["last_good_stays"]) == ("salon", True)
    assert "line 5: services.0.duration_minutes" in line["problem"]
    stocked.put(PROFILE.replace("Ania", "Ewa"))
    clock.turn(MAX_AGE)
    assert (await stocked.directory.profile("salon")).name == "Salon Ewa"


async def test_a_bad_first_profile_says_what_to_mend(folder):
    """Without a good profile before, the refusal carries the line and the reason."""
    folder.put(BAD)
    with pytest.raises(PermanentError, match=r"line 5: .*must be a multiple of 5 minutes"):
        await folder.directory.profile("salon")


async def test_a_tenant_that_left_is_unknown(stocked, clock):
    """A removed profile ends the service: the last good one stays only in the place of a bad one."""
    await stocked.directory.profile("salon")
    stocked.remove("profile.yaml")
    clock.turn(MAX_AGE)
    with pytest.raises(PermanentError, match="salon"):
        await stocked.directory.profile("salon")


async def test_tenants_whose_names_begin_alike_are_apart(stocked):
    """The folder `salon-two` is not part of the folder `salon`."""
    stocked.put("# Not ours\n", "z.md", tenant="salon-two")
    assert "z.md" not in await stocked.directory.documents("salon")


async def test_many_at_once_read_once(stocked):
    """Twenty messages that need a cold tenant at the same time cost one look at the bucket."""
    found = await asyncio.gather(*(stocked.directory.profile("salon") for _ in range(20)))
    assert {profile.name for profile in found} == {"Salon Ania"}
    assert stocked.reads.taken().count("list") == 1


def test_a_missing_bucket_says_what_to_do(emulator, clock):
    """A worker that starts without its bucket ends with the bucket's name and the setting to mend."""
    bucket = KnowledgeBucket(client=emulator.client("s3"), bucket="not-there", clock=clock, metrics=FakeMetrics())
    with pytest.raises(ConfigurationError, match=r"'not-there'.*KNOWLEDGE_BUCKET"):
        bucket.check()


def test_a_bucket_that_is_there_passes_the_check(stocked):
    """The check is silent when all is well."""
    stocked.bucket.check()
