"""Profiles and documents: found, missing, bad, and from the bucket through a cache of five minutes."""

import asyncio
from datetime import timedelta

import pytest
import structlog

from shared.aws import tenant_documents
from shared.aws.knowledge import KnowledgeBucket
from shared.aws.tenant_cache import MAX_AGE, MAX_TENANTS, OUTAGE_MAX_AGE, REFRESH_AGE, UNKNOWN_MAX_AGE
from shared.aws.tenant_documents import MAX_READERS
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.tenants.parse import parse_profile
from tests.fakes.figures import FakeMetrics
from tests.fakes.tenants import FakeTenants, MemoryS3, TenantFolder

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


@pytest.fixture
def stocked(emulator, clock):
    folder = TenantFolder(emulator.client("s3"), clock)
    folder.put(PROFILE)
    for name, text in DOCUMENTS.items():
        folder.put(text, name)
    return folder


@pytest.fixture(params=["memory", "s3"])
def directory(request):
    if request.param == "memory":
        tenants = FakeTenants({"salon": parse_profile(PROFILE)}, dict.fromkeys(("salon", "left"), DOCUMENTS))
        tenants.blocking.bad.add("broken")
        return tenants
    stocked = request.getfixturevalue("stocked")
    stocked.put(BAD, tenant="broken")
    stocked.put(PROFILE, tenant="salon-two")
    stocked.put("# Alt", "a.md", tenant="left")
    return stocked.directory


async def test_a_tenant_has_a_profile_and_documents(directory):
    """The profile is checked and typed; documents come by name, in the order of the names."""
    assert (await directory.get_profile("salon")).name == "Salon Ania"
    documents = await directory.get_documents("salon")
    assert list(documents.items()) == sorted(DOCUMENTS.items())


async def test_all_tenants_are_named(directory):
    """In order, whether their profiles are good, bad or missing."""
    assert [name for name in await directory.list_tenants() if name != "salon-two"] == ["broken", "left", "salon"]


async def test_a_bucket_with_many_tenants_is_listed_to_its_end(stocked):
    """Page after page; what can't be a tenant's folder is none."""
    names = sorted(f"salon-{number}" for number in range(5))
    for name in [*names, "No_tenant", "x"]:
        stocked.put("", tenant=name)
    stocked.put("", "read.me", tenant="")
    stocked.reads.page_size = 5
    stocked.reads.take_calls()
    assert await stocked.directory.list_tenants() == ["salon", *names]
    assert stocked.reads.take_calls() == ["list", "list"]


async def test_a_list_of_tenants_is_as_old_as_allowed(stocked, clock):
    """A list of the bucket is billed, so who asks each minute says how old it may be."""
    names = await stocked.directory.list_tenants(max_age=MAX_AGE)
    stocked.put(PROFILE, tenant="salon-two")
    stocked.reads.take_calls()
    clock.advance(MAX_AGE - timedelta(seconds=1))
    assert await stocked.directory.list_tenants(max_age=MAX_AGE) == names
    assert stocked.reads.take_calls() == []

    clock.advance(timedelta(seconds=1))
    assert await stocked.directory.list_tenants(max_age=MAX_AGE) == [*names, "salon-two"]
    assert stocked.reads.take_calls() == ["list"]


async def test_a_tenant_without_a_profile_has_no_documents(directory):
    """Documents alone make no tenant."""
    assert [await directory.get_documents(name) for name in ("left", "nobody")] == [{}, {}]


@pytest.mark.parametrize(("tenant", "reason"), [("nobody", "unknown_tenant"), ("broken", "bad_profile")])
async def test_a_tenant_without_a_good_profile_is_refused(directory, tenant, reason):
    """Who is unknown, and whose first profile is bad, is told apart."""
    with pytest.raises(PermanentError) as refusal:
        await directory.get_profile(tenant)
    assert refusal.value.reason == reason


async def test_five_minutes_cost_one_look(stocked, clock):
    """Every look-up until then is answered without the bucket; only those of visitors are counted."""
    await stocked.directory.get_profile("salon", for_visitor=True)
    assert stocked.reads.take_calls() == ["profile.yaml", "list"]
    await stocked.directory.get_documents("salon")
    assert sorted(stocked.reads.take_calls()) == ["a.md", "b.md"]
    clock.advance(REFRESH_AGE - timedelta(seconds=1))
    await stocked.directory.get_profile("salon")
    await stocked.directory.get_profile("salon", for_visitor=True)
    await stocked.directory.get_documents("salon")
    assert stocked.reads.take_calls() == []
    assert [figure.value for figure in stocked.metrics.figures] == [0, 1]


async def test_an_entry_is_read_again_before_it_is_too_old(stocked, clock):
    """Those who ask meanwhile do not wait; what changed is read once, and seen within five minutes."""
    before = await stocked.directory.get_documents("salon")
    stocked.reads.take_calls()
    clock.advance(REFRESH_AGE)
    stocked.put("# Nowe ceny\n", "b.md")
    with stocked.reads.hold():
        found = await asyncio.gather(*(stocked.directory.get_documents("salon") for _ in range(10)))
        assert all(documents is before for documents in found)
        clock.advance(MAX_AGE - REFRESH_AGE)
        late = asyncio.gather(*(stocked.directory.get_documents("salon") for _ in range(10)))
        await asyncio.sleep(0)
    for documents in await late:
        assert documents == {"a.md": DOCUMENTS["a.md"], "b.md": "# Nowe ceny\n"}
    assert stocked.reads.take_calls() == ["list", "b.md"]


async def test_a_hundred_at_once_read_each_object_once(clock):
    """Whether they need the profile or the documents; the documents are read several at a time."""
    folder = TenantFolder(MemoryS3(), clock)
    folder.put(PROFILE)
    names = [f"{number:02}.md" for number in range(20)]
    for name in names:
        folder.put(f"# {name}", name)
    look_ups = [folder.directory.get_documents, folder.directory.get_profile] * 50
    await asyncio.gather(*(look_up("salon") for look_up in look_ups))
    assert sorted(folder.reads.take_calls()) == sorted([*names, "list", "profile.yaml"])
    assert 1 < folder.reads.max_at_once <= MAX_READERS


async def test_documents_stay_the_same_object_until_one_changes(stocked, clock):
    """What is built from them, such as an index, is built again only then."""
    first = await stocked.directory.get_documents("salon")
    clock.advance(MAX_AGE)
    stocked.put(DOCUMENTS["b.md"], "b.md")
    assert await stocked.directory.get_documents("salon") is first
    clock.advance(MAX_AGE)
    stocked.put("# Neu\n", "b.md")
    assert (await stocked.directory.get_documents("salon"))["b.md"] == "# Neu\n"


async def test_the_documents_of_all_tenants_have_a_bound(clock, monkeypatch):
    """Those that were not used for the longest are dropped, and read again when somebody asks."""
    monkeypatch.setattr(tenant_documents, "MAX_CACHED_BYTES", 250)
    folder = TenantFolder(MemoryS3(), clock)
    for tenant in ("one", "two", "three"):
        folder.put(PROFILE, tenant=tenant)
        folder.put("x" * 100, "a.md", tenant=tenant)
    for tenant in ("one", "two", "one", "three"):
        await folder.directory.get_documents(tenant)
    folder.reads.take_calls()
    for tenant, calls in (("one", []), ("three", []), ("two", ["a.md"])):
        assert await folder.directory.get_documents(tenant) == {"a.md": "x" * 100}
        assert folder.reads.take_calls() == calls
    folder.put("x" * 1_000, "b.md", tenant="two")
    clock.advance(MAX_AGE)
    assert len(await folder.directory.get_documents("two")) == 2


async def test_files_that_are_not_read_are_named(stocked, clock):
    """By their ending, size, folder or encoding; once in the log, and for doctor and desk as long as they are there."""
    stocked.put("secret", "notes.txt")
    stocked.put("# Old", "archive/c.md")
    stocked.put("x" * 200_001, "long.md")
    stocked.put(b"%PDF-1.7", "price\nlist.md")
    stocked.put("# Łódź".encode("cp1250"), "windows.md")
    stocked.put("# Łódź".encode("utf-16"), "wide.md")
    stocked.put(b"\xef\xbb\xbf# Marked", "marked.md")
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            clock.advance(MAX_AGE)
            problems = await stocked.directory.get_document_problems("salon")
    assert [problem.partition(" is not read: ")[0] for problem in problems] == [
        "archive/c.md",
        "long.md",
        "notes.txt",
        "price list.md",
        "windows.md",
    ]
    assert [reason for line in logs for reason in line["problems"]] == list(problems)
    documents = await stocked.directory.get_documents("salon")
    assert (documents["wide.md"], documents["marked.md"]) == ("# Łódź", "# Marked")
    for name in ("notes.txt", "archive/c.md", "long.md", "price\nlist.md", "windows.md"):
        stocked.remove(name)
    clock.advance(MAX_AGE)
    assert list(await stocked.directory.get_document_problems("salon")) == []


async def test_after_five_minutes_only_what_changed_is_read(stocked, clock):
    """The folder is listed again, and of its objects only the one with another ETag is read."""
    await stocked.directory.get_documents("salon")
    stocked.reads.take_calls()
    clock.advance(MAX_AGE)
    stocked.put("# Nowe ceny\n", "b.md")
    documents = await stocked.directory.get_documents("salon")
    assert stocked.reads.take_calls() == ["list", "b.md"]
    assert documents == {"a.md": DOCUMENTS["a.md"], "b.md": "# Nowe ceny\n"}
    clock.advance(MAX_AGE)
    await stocked.directory.get_profile("salon")
    assert stocked.reads.take_calls() == ["list"]


async def test_a_removed_document_is_forgotten(stocked, clock):
    """What the owner took away is no longer knowledge; other files of the folder never were."""
    await stocked.directory.get_documents("salon")
    stocked.remove("b.md")
    stocked.put("secret", "notes.txt")
    stocked.put("# Old", "archive/c.md")
    clock.advance(MAX_AGE)
    assert list(await stocked.directory.get_documents("salon")) == ["a.md"]


async def test_a_bad_profile_keeps_the_last_good_one(stocked, clock):
    """A mistake is logged with its line once, the business goes on as before, and a repair is taken up."""
    good = await stocked.directory.get_profile("salon")
    stocked.put(BAD)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            clock.advance(MAX_AGE)
            assert await stocked.directory.get_profile("salon") == good
    (line,) = [entry for entry in logs if entry["event"] == "profile_refused"]
    assert (line["tenant"], line["last_good_stays"]) == ("salon", True)
    assert "line 5: services.0.duration_minutes" in line["problem"]
    stocked.put(PROFILE.replace("Ania", "Ewa"))
    clock.advance(MAX_AGE)
    assert (await stocked.directory.get_profile("salon")).name == "Salon Ewa"


async def test_a_mistake_that_is_accepted_is_logged_and_kept(stocked, clock):
    """The profile is served as before; the warning goes with the mistake."""
    stocked.put(PROFILE + "horizon_days: 060\n")
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            assert (await stocked.directory.get_profile("salon")).horizon_days == 48
            [warning] = await stocked.directory.get_warnings("salon")
            clock.advance(MAX_AGE)
    assert "horizon_days: `060` is read as 48" in warning
    assert [line["problems"] for line in logs if line["event"] == "profile_mistakes"] == [(warning,)]
    stocked.put(PROFILE)
    clock.advance(MAX_AGE)
    assert list(await stocked.directory.get_warnings("salon")) == []


async def test_a_bad_first_profile_says_what_to_mend(stocked):
    """Without a good profile before, the refusal carries the line and the reason."""
    stocked.put(BAD, tenant="broken")
    with pytest.raises(PermanentError, match=r"line 5: .*must be a multiple of 5 minutes"):
        await stocked.directory.get_profile("broken")


async def test_a_tenant_that_left_is_unknown_until_it_comes_back(stocked, clock):
    """A removed profile ends the service, and the documents with it; who returns is served a minute later."""
    await stocked.directory.get_profile("salon")
    stocked.remove("profile.yaml")
    clock.advance(MAX_AGE)
    with pytest.raises(PermanentError, match="salon"):
        await stocked.directory.get_profile("salon")
    assert await stocked.directory.get_documents("salon") == {}
    stocked.put(PROFILE)
    clock.advance(UNKNOWN_MAX_AGE)
    assert (await stocked.directory.get_profile("salon")).name == "Salon Ania"
    assert list(await stocked.directory.get_documents("salon")) == ["a.md", "b.md"]


async def test_an_outage_of_the_bucket_keeps_the_valid_profile(stocked, clock):
    """A tenant in the cache is served through an outage, which is looked at once per half a minute and then over."""
    good = await stocked.directory.get_profile("salon", for_visitor=True)
    await stocked.directory.get_documents("salon")
    stocked.put(PROFILE.replace("Ania", "Ewa"))
    clock.advance(MAX_AGE)
    stocked.reads.take_calls()
    stocked.reads.reachable = False
    with structlog.testing.capture_logs() as logs:
        assert await stocked.directory.get_profile("salon", for_visitor=True) == good
        clock.advance(OUTAGE_MAX_AGE - timedelta(seconds=1))
        assert list(await stocked.directory.get_documents("salon")) == ["a.md", "b.md"]
        [problem] = await stocked.directory.get_document_problems("salon")
        assert "does not answer since 2026-01-12" in problem
    assert stocked.reads.take_calls() == ["list"]
    assert [(line["event"], line["log_level"]) for line in logs] == [("knowledge_out_of_reach", "warning")]
    stocked.reads.reachable = True
    clock.advance(timedelta(seconds=1))
    assert (await stocked.directory.get_profile("salon", for_visitor=True)).name == "Salon Ewa"
    assert list(await stocked.directory.get_document_problems("salon")) == []
    hits = [figure.value for figure in stocked.metrics.figures if figure.name == "KBCacheHit"]
    outages = [figure.value for figure in stocked.metrics.figures if figure.name == "KnowledgeOutOfReach"]
    assert (hits, outages) == ([0, 0, 0], [1])


async def test_an_error_on_the_first_look_up_is_retried(stocked):
    """Without a good profile in the cache nobody is called unknown: the message waits until the bucket answers."""
    stocked.reads.reachable = False
    with pytest.raises(TransientError):
        await stocked.directory.get_profile("salon")
    stocked.reads.reachable = True
    assert (await stocked.directory.get_profile("salon")).name == "Salon Ania"


async def test_a_document_deleted_while_it_is_read_is_left_out(stocked, clock):
    """Between list and read an object may go, on the first look and on a later one; put back, it is there again."""
    for after_listing, found in [
        (lambda: stocked.remove("b.md"), ["a.md"]),
        (lambda: stocked.remove("b.md"), ["a.md"]),
        (lambda: None, ["a.md", "b.md"]),
    ]:
        stocked.put("# Nowe ceny\n", "b.md")
        stocked.reads.after_listing = after_listing
        assert list(await stocked.directory.get_documents("salon")) == found
        clock.advance(MAX_AGE)


async def test_a_profile_deleted_while_it_is_read_stays_until_the_next_look(stocked, clock):
    """An owner who replaces the file by hand is not gone in between; who does not put one back is."""
    good = await stocked.directory.get_profile("salon")
    stocked.put(PROFILE.replace("Ania", "Ewa"))
    stocked.reads.after_listing = lambda: stocked.remove("profile.yaml")
    clock.advance(MAX_AGE)
    assert await stocked.directory.get_profile("salon") == good
    clock.advance(MAX_AGE)
    with pytest.raises(PermanentError, match="salon"):
        await stocked.directory.get_profile("salon")


async def test_an_invented_tenant_costs_one_read_a_minute(stocked, clock):
    """Its folder is never listed; and a tenant that is set up after somebody asked is there a minute later."""
    for _ in range(2):
        with pytest.raises(PermanentError):
            await stocked.directory.get_profile("salon-new", for_visitor=True)
    assert stocked.reads.take_calls() == ["profile.yaml"]
    stocked.put(PROFILE, tenant="salon-new")
    clock.advance(UNKNOWN_MAX_AGE)
    assert (await stocked.directory.get_profile("salon-new", for_visitor=True)).name == "Salon Ania"
    assert [figure.value for figure in stocked.metrics.figures] == [0, 1, 0]


async def test_strangers_can_neither_fill_the_memory_nor_push_a_tenant_out(clock):
    """Invented names are remembered up to a bound of their own, and no lock outlives its look-up."""
    folder = TenantFolder(MemoryS3(), clock)
    folder.put(PROFILE)
    for name in ("salon", *(f"invented-{number}" for number in range(2 * MAX_TENANTS))):
        await asyncio.gather(folder.directory.get_profile(name), return_exceptions=True)
    assert len(folder.bucket._cache._unknown._entries) == MAX_TENANTS
    assert not folder.directory._reading
    folder.reads.take_calls()
    await folder.directory.get_profile("salon")
    assert folder.reads.take_calls() == []


def test_the_least_recently_used_tenant_is_evicted(clock):
    """Of more tenants than fit, those in use stay; one that was pushed out is read again."""
    folder = TenantFolder(MemoryS3(), clock)
    for number in range(MAX_TENANTS + 1):
        folder.put(PROFILE, tenant=f"salon-{number}")
        folder.bucket.get_profile(f"salon-{number}")
        folder.bucket.get_profile("salon-0")
    assert folder.reads.take_calls().count("profile.yaml") == MAX_TENANTS + 1
    folder.bucket.get_profile("salon-1")
    assert folder.reads.take_calls() == ["profile.yaml", "list"]


async def test_tenants_whose_names_begin_alike_are_apart(stocked):
    """The folder `salon-two` is not part of the folder `salon`."""
    stocked.put("# Not ours\n", "z.md", tenant="salon-two")
    assert "z.md" not in await stocked.directory.get_documents("salon")


async def test_many_at_once_read_once(stocked):
    """A hundred messages that need a cold tenant at the same time read each object once, and list the folder once."""
    look_ups = [stocked.directory.get_documents, stocked.directory.get_profile] * 50
    await asyncio.gather(*(look_up("salon") for look_up in look_ups))
    assert sorted(stocked.reads.take_calls()) == ["a.md", "b.md", "list", "profile.yaml"]


def test_a_missing_bucket_says_what_to_do(emulator, stocked, clock):
    """A worker that starts without its bucket ends with the bucket's name and the setting to mend."""
    stocked.bucket.check_readable()
    bucket = KnowledgeBucket(client=emulator.client("s3"), bucket="not-there", clock=clock, metrics=FakeMetrics())
    with pytest.raises(ConfigurationError, match=r"'not-there'.*KNOWLEDGE_BUCKET"):
        bucket.check_readable()
