"""The ledger is searched: the latest first, page by page, by what a filter means, and never another tenant's."""

import pytest

from shared.ledger.failures import FailureFilter, FailurePage, FailureState
from tests.contracts.stores.dead_letters import SECOND, make_unreadable_failure, record_replay
from tests.fakes.clock import NOON


async def test_the_latest_come_first_page_by_page(stores, tenant, make_failure):
    """Pages meet without a gap, whatever states they mix; the last one says that it is the last."""
    for n in range(7):
        kept = await stores.failures.record(make_failure(f"{tenant}-{n}", last_at=NOON + n % 5 * SECOND))
        if n % 2:
            await record_replay(stores.failures, kept)
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
    assert await stores.failures.find(FailureFilter(tenants=[tenant]), limit=7) == FailurePage(
        (await stores.failures.find(wanted, limit=7)).failures, None
    )


async def test_outlines_say_what_is_counted(stores, tenant, make_failure):
    """Found like the failures themselves, without what they say and what was done."""
    for n in range(5):
        await stores.failures.record(make_failure(f"{tenant}-{n}", last_at=NOON + n * SECOND, reason=f"kind-{n % 2}"))
    wanted = FailureFilter(tenants=[tenant], reason="kind-0")
    whole = await stores.failures.find(wanted, limit=2)
    outlines = await stores.failures.find(wanted, limit=2, outlines=True)
    assert outlines.after == whole.after
    assert {(one.payload, one.audit_trail) for one in outlines.failures} == {("", ())}
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
        kept = await stores.failures.record(make_failure(f"{tenant}-{name}", **changes))
        if name == "d":
            await record_replay(stores.failures, kept)
    many = [f"nobody-{n}" for n in range(30)]
    for tenants in ([tenant], [tenant, *many]):
        page = await stores.failures.find(FailureFilter(tenants=tenants, **wanted))
        assert "".join(sorted(one.command_id[-1] for one in page.failures)) == found
        assert page.after is None


async def test_nobody_sees_another_tenants_failures(stores, tenant, make_failure):
    """Who may see no tenant sees nothing; what belongs to none is for those who see all."""
    mine = await stores.failures.record(make_failure(reason=tenant))
    yours = await stores.failures.record(make_failure(tenant="another", reason=tenant))
    nobodys = await stores.failures.record(make_unreadable_failure(reason=tenant))
    found = await stores.failures.find(FailureFilter(reason=tenant, tenants=[tenant]))
    assert found == FailurePage([mine], None)
    assert await stores.failures.find(FailureFilter(reason=tenant, tenants=[])) == FailurePage([], None)
    everything = await stores.failures.find(FailureFilter(reason=tenant))
    assert {one.failure_id for one in everything.failures} == {one.failure_id for one in (mine, yours, nobodys)}
