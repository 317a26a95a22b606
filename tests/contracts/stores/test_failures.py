"""The ledger of failures: taken once, found fast, changed by one person at a time, resolved by the latest replay."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.failure_rules import MOST_DEEDS
from shared.failures import Deed, Failure, FailureFilter, FailureState, Page
from shared.ids import failure_id, new_id
from tests.fakes.clock import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def tenant():
    return f"tenant-{new_id()[:12]}"


@pytest.fixture
def make_failure(tenant):
    def make(key=None, **changes):
        key = key or new_id()
        failure = Failure(
            failure_id=failure_id("booking", key),
            queue="booking",
            group="session",
            payload='{"data":{"contact":"anna@example.com"}}',
            reason="calendar_access_revoked",
            error="the key is refused",
            attempts=1,
            first_at=NOON,
            last_at=NOON,
            type="booking.create",
            tenant=tenant,
            session_id="session",
            command_id=key,
            trace="1-5759e988-bd862e3fe1be46a994272793",
        )
        return replace(failure, **changes)

    return make


def unread(**changes):
    """Return a failure of which nothing is known but its text."""
    failure = Failure(
        failure_id=failure_id("chat", new_id()),
        queue="chat",
        group=None,
        payload="\x00 no \ud800 JSON \U0001f984",
        reason="not_json",
        error="the body is not JSON",
        attempts=0,
        first_at=NOON,
        last_at=NOON,
    )
    return replace(failure, **changes)


async def changed(ledger, failure, **changes):
    """Change a failure as the desk does."""
    new = replace(failure, version=failure.version + 1, **changes)
    assert await ledger.change(new)
    return new


async def replayed(ledger, failure, number=1):
    return await changed(ledger, failure, state=FailureState.REPLAYING, replays=number)


async def test_what_was_taken_is_there_with_its_story(stores, make_failure):
    """All that the dead letter said is kept, and the story begins with it."""
    failure = make_failure()
    kept = await stores.failures.take(failure)
    assert kept == await stores.failures.get(failure.failure_id)
    assert replace(kept, story=()) == failure
    assert kept.story == (Deed(at=NOON, by="ledger", what="failed", note="calendar_access_revoked"),)
    assert await stores.failures.get(new_id()) is None


async def test_what_cannot_be_read_is_kept_as_it_came(stores):
    """A hostile body without tenant, type or group is a failure like any other."""
    failure = unread()
    await stores.failures.take(failure)
    kept = await stores.failures.get(failure.failure_id)
    assert (kept.payload, kept.group, kept.tenant, kept.type) == (failure.payload, None, None, None)
    found = await stores.failures.find(FailureFilter(queue="chat", text=failure.failure_id))
    assert [one.payload for one in found.failures] == [failure.payload]


async def test_a_message_of_any_size_is_kept(stores, make_failure):
    """SQS takes a megabyte, and text that does not get smaller: all of it is kept, and goes along with a change."""
    letters = "".join(new_id() for _ in range(30_000))
    failure = make_failure(payload="".join(chr(0x20 + int(letters[n : n + 4], 16) % 0x4000) for n in range(400_000)))
    assert len(failure.payload.encode()) > 1024 * 1024
    kept = await stores.failures.take(failure)
    await changed(stores.failures, kept, state=FailureState.DISCARDED)
    again = await stores.failures.get(failure.failure_id)
    assert (again.payload, again.state) == (failure.payload, FailureState.DISCARDED)
    found = await stores.failures.find(FailureFilter(tenants=[failure.tenant]))
    assert [one.payload for one in found.failures] == [failure.payload]


async def test_the_same_letter_twice_changes_nothing(stores, make_failure):
    """SQS delivers at least once; the second time says nothing new."""
    failure = make_failure()
    first = await stores.failures.take(failure)
    assert await stores.failures.take(failure) == first
    await replayed(stores.failures, first)
    assert (await stores.failures.take(failure)).state is FailureState.REPLAYING


async def test_twenty_workers_take_one_letter(stores, make_failure):
    """Whoever comes first enters it; the others find it."""
    failure = make_failure()
    taken = await asyncio.gather(*(stores.failures.take(failure) for _ in range(20)))
    assert set(taken) == {taken[0]}
    assert taken[0].version == 1


async def test_of_letters_that_come_at_once_the_latest_counts(stores, make_failure):
    """Copies that were made one after the other are taken side by side: none is undone by an older one."""
    failure = make_failure()
    letters = [replace(failure, attempts=n, last_at=NOON + n * SECOND) for n in (3, 1, 4, 2, 6, 5)]
    await asyncio.gather(*(stores.failures.take(letter) for letter in letters))
    kept = await stores.failures.get(failure.failure_id)
    assert (kept.attempts, kept.last_at) == (6, NOON + 6 * SECOND)
    assert len(kept.story) == kept.version


async def test_a_replay_that_failed_says_so(stores, make_failure):
    """The failure has failed again: what it says is the latest, and the story has both."""
    failure = make_failure()
    await replayed(stores.failures, await stores.failures.take(failure))
    letter = replace(failure, replays=1, last_at=NOON + SECOND, first_at=NOON + SECOND, reason="timeout", error="slow")
    kept = await stores.failures.take(letter)
    assert kept == await stores.failures.get(failure.failure_id)
    assert (kept.state, kept.reason, kept.error, kept.replays) == (FailureState.FAILED_AGAIN, "timeout", "slow", 1)
    assert (kept.first_at, kept.last_at, kept.version) == (NOON, NOON + SECOND, 3)
    assert [deed.what for deed in kept.story] == ["failed", "failed_again"]
    assert await stores.failures.take(letter) == kept


async def test_an_edited_payload_survives_the_failure_of_its_replay(stores, make_failure):
    """What somebody repaired is not undone by what came back of it."""
    kept = await stores.failures.take(make_failure())
    edited = await changed(stores.failures, kept, payload="edited", state=FailureState.REPLAYING, replays=1)
    again = await stores.failures.take(replace(kept, replays=1, last_at=NOON + SECOND))
    assert again.payload == edited.payload == "edited"
    unknown = await stores.failures.take(replace(kept, replays=2, last_at=NOON + 2 * SECOND, payload="by hand"))
    assert (unknown.payload, unknown.replays, unknown.state) == ("by hand", 2, FailureState.FAILED_AGAIN)


async def test_a_story_stays_short(stores, make_failure):
    """Of a long story its beginning and its latest deeds are kept."""
    failure = make_failure()
    kept = await stores.failures.take(failure)
    deeds = tuple(Deed(at=NOON, by="anna", what="edited", note=str(n)) for n in range(200))
    kept = await changed(stores.failures, kept, story=(*kept.story, *deeds))
    kept = await stores.failures.take(replace(failure, replays=1, last_at=NOON + SECOND))
    again = await stores.failures.get(failure.failure_id)
    assert again == kept
    assert len(again.story) == MOST_DEEDS
    assert [again.story[0].what, again.story[-2].note, again.story[-1].what] == ["failed", "199", "failed_again"]


async def test_who_can_not_read_a_payload_puts_nothing_in_its_place(stores, make_failure):
    """A change to the rest leaves it as it is stored."""
    kept = await stores.failures.take(make_failure())
    await changed(stores.failures, replace(kept, payload=""), state=FailureState.DISCARDED)
    again = await stores.failures.get(kept.failure_id)
    assert (again.state, again.payload) == (FailureState.DISCARDED, kept.payload)


async def test_two_people_do_not_undo_each_other(stores, make_failure):
    """A change is made to the version that was read, or not at all."""
    kept = await stores.failures.take(make_failure())
    mine, yours = (replace(kept, payload=text, version=2) for text in ("mine", "yours"))
    assert await stores.failures.change(mine)
    assert not await stores.failures.change(yours)
    assert not await stores.failures.change(make_failure(version=2))
    assert (await stores.failures.get(kept.failure_id)).payload == "mine"


async def test_a_replay_that_went_well_is_noted_once(stores, make_failure):
    """The latest replay's end resolves the failure, who said so is in the story, and saying it twice is harmless."""
    failure = make_failure()
    await replayed(stores.failures, await stores.failures.take(failure), 2)
    told = {"at": NOON + SECOND, "by": "booking"}
    for replay, queue in ((1, "booking"), (3, "booking"), (2, "chat")):
        await stores.failures.resolved(queue, failure.command_id, replay=replay, **told)
        assert (await stores.failures.get(failure.failure_id)).state is FailureState.REPLAYING
    for _ in range(2):
        await stores.failures.resolved("booking", failure.command_id, replay=2, **told)
    kept = await stores.failures.get(failure.failure_id)
    assert (kept.state, kept.version) == (FailureState.RESOLVED, 3)
    assert kept.story[1:] == (Deed(at=NOON + SECOND, by="booking", what="resolved"),)


async def test_a_replay_that_ended_with_a_no_is_told_apart(stores, tenant, make_failure):
    """It is found by its state, says which no it was, and counts as ended."""
    failure = make_failure()
    await replayed(stores.failures, await stores.failures.take(failure), 2)
    told = {"at": NOON + SECOND, "by": "booking", "code": "SLOT_TAKEN"}
    await stores.failures.refused("booking", failure.command_id, replay=1, **told)
    assert (await stores.failures.get(failure.failure_id)).state is FailureState.REPLAYING
    for _ in range(2):
        await stores.failures.refused("booking", failure.command_id, replay=2, **told)
    page = await stores.failures.find(FailureFilter(tenants=[tenant], states={FailureState.REFUSED}))
    [kept] = page.failures
    assert (kept.failure_id, kept.version) == (failure.failure_id, 3)
    assert kept.story[1:] == (Deed(at=NOON + SECOND, by="booking", what="refused", note="SLOT_TAKEN"),)
    await stores.failures.resolved("booking", failure.command_id, replay=2, at=NOON, by="booking")
    assert (await stores.failures.get(failure.failure_id)).state is FailureState.REFUSED


async def test_only_what_is_being_replayed_is_resolved(stores, make_failure):
    """Neither an unknown failure nor one that was discarded meanwhile."""
    failure = make_failure()
    told = {"replay": 1, "at": NOON, "by": "booking"}
    await stores.failures.resolved("booking", failure.command_id, **told)
    assert await stores.failures.get(failure.failure_id) is None
    kept = await replayed(stores.failures, await stores.failures.take(failure))
    await changed(stores.failures, kept, state=FailureState.DISCARDED)
    await stores.failures.resolved("booking", failure.command_id, **told)
    assert (await stores.failures.get(failure.failure_id)).state is FailureState.DISCARDED


async def test_the_latest_come_first_page_by_page(stores, tenant, make_failure):
    """Pages meet without a gap, whatever states they mix; the last one says that it is the last."""
    for n in range(7):
        kept = await stores.failures.take(make_failure(f"{tenant}-{n}", last_at=NOON + n % 5 * SECOND))
        if n % 2:
            await replayed(stores.failures, kept)
    wanted = FailureFilter(text=tenant)
    pages, after = [], None
    while True:
        page = await stores.failures.find(wanted, limit=3, after=after)
        pages.append([one.command_id.rpartition("-")[2] for one in page.failures])
        if (after := page.after) is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    numbers = [int(n) for page in pages for n in page]
    assert sorted(numbers) == list(range(7))
    assert [n % 5 for n in numbers] == sorted((n % 5 for n in numbers), reverse=True)
    assert await stores.failures.find(FailureFilter(tenants=[tenant]), limit=7) == Page(
        (await stores.failures.find(wanted, limit=7)).failures, None
    )


async def test_outlines_say_what_is_counted(stores, tenant, make_failure):
    """Found like the failures themselves, without what they say and what was done."""
    for n in range(5):
        await stores.failures.take(make_failure(f"{tenant}-{n}", last_at=NOON + n * SECOND, reason=f"kind-{n % 2}"))
    wanted = FailureFilter(tenants=[tenant], reason="kind-0")
    whole = await stores.failures.find(wanted, limit=2)
    outlines = await stores.failures.find(wanted, limit=2, outlines=True)
    assert outlines.after == whole.after
    assert {(one.payload, one.story) for one in outlines.failures} == {("", ())}
    counted = ("failure_id", "queue", "state", "reason", "tenant", "last_at")
    for outline, failure in zip(outlines.failures, whole.failures, strict=True):
        assert [getattr(outline, name) for name in counted] == [getattr(failure, name) for name in counted]
    rest = await stores.failures.find(wanted, limit=2, after=outlines.after, outlines=True)
    assert (len(rest.failures), rest.after) == (1, None)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"queue": "booking"}, "bcd"),
        ({"queue": "chat"}, "a"),
        ({"states": [FailureState.FAILED]}, "abc"),
        ({"states": [FailureState.REPLAYING, FailureState.RESOLVED]}, "d"),
        ({"states": []}, ""),
        ({"reason": "timeout"}, "c"),
        ({"reason": "time"}, ""),
        ({"since": NOON + 2 * SECOND}, "cd"),
        ({"until": NOON + 2 * SECOND}, "ab"),
        ({"since": NOON + SECOND, "until": NOON + 2 * SECOND}, "b"),
        ({"since": NOON + 2 * SECOND, "until": NOON + SECOND}, ""),
        ({"text": "TIMEOUT"}, "c"),
        ({"text": "booking.CREATE"}, "abcd"),
        ({"text": "anna@"}, ""),
    ],
)
async def test_a_filter_finds_what_it_means(stores, tenant, make_failure, wanted, found):
    """Each part of a filter narrows the search, by tenant or through all, and the payload is not searched."""
    rows = {
        "a": {"queue": "chat"},
        "b": {"last_at": NOON + SECOND},
        "c": {"last_at": NOON + 2 * SECOND, "reason": "timeout"},
        "d": {"last_at": NOON + 3 * SECOND},
    }
    for name, changes in rows.items():
        kept = await stores.failures.take(make_failure(f"{tenant}-{name}", **changes))
        if name == "d":
            await replayed(stores.failures, kept)
    many = [f"nobody-{n}" for n in range(30)]
    for tenants in ([tenant], [tenant, *many]):
        page = await stores.failures.find(FailureFilter(tenants=tenants, **wanted))
        assert "".join(sorted(one.command_id[-1] for one in page.failures)) == found
        assert page.after is None


async def test_nobody_sees_another_tenants_failures(stores, tenant, make_failure):
    """Who may see no tenant sees nothing; what belongs to none is for those who see all."""
    mine = await stores.failures.take(make_failure(reason=tenant))
    yours = await stores.failures.take(make_failure(tenant="another", reason=tenant))
    nobodys = await stores.failures.take(unread(reason=tenant))
    found = await stores.failures.find(FailureFilter(reason=tenant, tenants=[tenant]))
    assert found == Page([mine], None)
    assert await stores.failures.find(FailureFilter(reason=tenant, tenants=[])) == Page([], None)
    everything = await stores.failures.find(FailureFilter(reason=tenant))
    assert {one.failure_id for one in everything.failures} == {one.failure_id for one in (mine, yours, nobodys)}
