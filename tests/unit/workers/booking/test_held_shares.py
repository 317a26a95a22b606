"""How much of a day's free time may be held, and by which networks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.network_address import list_regional_networks
from workers.booking.domain.held_shares import list_share_quotas
from workers.booking.domain.quotas import HeldMinutes
from workers.booking.domain.values import OccupiedTime

SECRET = b"a secret of the deployment"


def share(hold, profile, *, occupied=(), source_ip="192.0.2.7", percent=50, before=timedelta(days=1)):
    [quota] = list_share_quotas(
        hold, profile, occupied, secret=SECRET, source_ip=source_ip, at=hold.start - before, share_percent=percent
    )
    return quota


def test_half_of_the_opening_hours_may_be_held(hold, make_profile):
    """Seven hours, in units of the shortest service; a part of it by each network."""
    quota = share(hold, make_profile())
    day = hold.start.astimezone(make_profile().zone).date()
    assert (quota.key, quota.holder, quota.until) == (
        f"held#salon-ania#{day}#default",
        hold.appointment_id,
        hold.hold_expires_at,
    )
    assert (quota.max_minutes, quota.units, quota.minutes) == (210, 3, 60)
    assert [each.max_minutes for each in quota.networks] == [168, 105]
    assert not any("192.0.2" in each.network for each in quota.networks)
    assert not quota.is_lasting
    assert quota.is_released_with_appointment


def test_confirmed_visits_leave_less_to_hold(hold, make_profile):
    """Held ones are in the share; those of another day or resource are none of its time."""
    visit = OccupiedTime(hold.blocked, "default", "other")
    assert share(hold, make_profile(), occupied=[visit]).max_minutes == 180
    assert share(hold, make_profile(), occupied=[replace(visit, is_held=True)]).max_minutes == 210
    assert share(hold, make_profile(), occupied=[replace(visit, resource="other")]).max_minutes == 210


def test_what_is_over_of_a_day_is_not_shared(hold, make_profile):
    """Or what is left of today could be held as a whole."""
    of_the_day = share(hold, make_profile()).max_minutes
    left = share(hold, make_profile(), before=timedelta(0)).max_minutes
    assert 0 < left < of_the_day
    assert share(hold, make_profile(), before=timedelta(hours=-1)).max_minutes == left - 30
    visit = OccupiedTime(hold.blocked, "default", "other")
    assert share(hold, make_profile(), occupied=[visit], before=timedelta(hours=-1)).max_minutes == left - 30


def test_a_visit_within_the_notice_takes_nothing_from_the_rest(hold, make_profile):
    """Its time is not shared, so it is not subtracted."""
    profile, visit = make_profile(minimum_notice_minutes=120), OccupiedTime(hold.blocked, "default", "other")
    free = share(hold, profile, before=timedelta(hours=1)).max_minutes
    assert 0 < free == share(hold, profile, occupied=[visit], before=timedelta(hours=1)).max_minutes


def test_a_resource_has_a_share_of_its_own(hold, make_profile):
    """Its seats together."""
    profile = make_profile(resources=[{"id": "room", "seats": 3}, {"id": "chair"}])
    quota = share(replace(hold, resource="room/2"), profile)
    assert (quota.key.rpartition("#")[2], quota.max_minutes) == ("room", 630)
    assert share(replace(hold, resource="chair"), profile).max_minutes == 210


def test_everything_may_be_held(hold, make_profile):
    """If the deployment says so."""
    assert not list(
        list_share_quotas(hold, make_profile(), (), secret=SECRET, source_ip="", at=hold.start, share_percent=100)
    )


def test_the_first_hold_is_always_in_the_share(hold, make_profile):
    """Of all, and of a network; the next one is not."""
    quota = share(hold, make_profile(), percent=1)
    assert quota.units == 1
    assert not quota.exceeds_share([])
    assert quota.exceeds_share([HeldMinutes(60, ())])
    half = share(hold, make_profile())
    wide, near = (each.network for each in half.networks)
    assert not half.exceeds_share([HeldMinutes(60, ("elsewhere",))])
    assert half.exceeds_share([HeldMinutes(60, (wide, near))])
    assert not half.exceeds_share([HeldMinutes(60, (wide,))])
    assert half.exceeds_share([HeldMinutes(60, (wide,)), HeldMinutes(60, (wide,))])
    assert half.exceeds_share([HeldMinutes(151, ("elsewhere",))])


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.7", ("192.0.0.0/16", "192.0.2.0/24")),
        ("::ffff:192.0.2.7", ("192.0.0.0/16", "192.0.2.0/24")),
        ("2001:db8:1:2::9", ("2001:db8::/32", "2001:db8:1::/48")),
        ("nonsense", ()),
        ("", ()),
    ],
)
def test_an_address_is_in_two_wider_networks(address, networks):
    """The widest first."""
    assert list_regional_networks(address) == networks


def test_a_network_prefers_the_same_units(hold, make_profile):
    """And another network others."""
    one, neighbour, other = (
        share(hold, make_profile(), source_ip=address) for address in ("192.0.2.7", "192.0.99.9", "198.51.100.7")
    )
    ranks = [[each.rank_unit(number) for number in range(9)] for each in (one, neighbour, other)]
    assert ranks[0] == ranks[1] != ranks[2]


def test_a_hold_of_another_day_has_another_quota(hold, make_profile):
    """By the local date."""
    later = replace(hold, start=hold.start + timedelta(days=1))
    assert share(hold, make_profile()).key != share(later, make_profile()).key


def test_a_proof_of_work_raises_the_share(hold, make_profile):
    """Of all, and of each network; where it raises nothing there is no other limit."""

    def with_proof(percent):
        shares = {"share_percent": 50, "share_with_proof_percent": percent}
        [quota] = list_share_quotas(
            hold, make_profile(), (), secret=SECRET, source_ip="192.0.2.7", at=hold.start - timedelta(days=1), **shares
        )
        return quota

    quota = with_proof(80)
    assert (quota.units, quota.max_minutes) == (3, 210)
    raised = quota.with_proof
    assert (raised.units, raised.max_minutes, raised.key, raised.holder) == (5, 336, quota.key, quota.holder)
    assert [each.max_minutes for each in raised.networks] == [268, 168]
    others = [HeldMinutes(60, ("elsewhere",))] * 3
    assert (quota.has_room(others), quota.has_room_with_proof(others)) == (False, True)
    assert not quota.has_room_with_proof(others * 2)
    assert with_proof(50).with_proof is None
    assert not with_proof(50).has_room_with_proof(others)


@pytest.mark.parametrize(
    ("shift", "minutes", "is_rival"),
    [(0, 60, True), (-30, 31, True), (59, 60, True), (60, 60, False), (-60, 60, False), (None, 60, False)],
)
def test_rivals_want_a_part_of_the_same_time(hold, make_profile, shift, minutes, is_rival):
    """Times that only touch do not overlap; a row of the release before does not say its time."""
    start = None if shift is None else hold.blocked.start + timedelta(minutes=shift)
    found = share(hold, make_profile()).find_rivals([HeldMinutes(minutes, (), "other", start)])
    assert found == ({"other"} if is_rival else frozenset())
