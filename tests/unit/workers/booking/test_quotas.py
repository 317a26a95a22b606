"""What bounds holds, codes and days, and that no key tells who it is about."""

from dataclasses import replace
from datetime import timedelta

import pytest

from workers.booking.domain.quotas import Bound, day_quotas, hold_quotas, send_quotas
from workers.booking.domain.values import Contact

SECRET = b"a secret of the deployment"


def holds(hold, source_ip="192.0.2.7"):
    return {one.bound: one for one in hold_quotas(hold, secret=SECRET, source_ip=source_ip, holds_per_address=5)}


def sends(hold, secret=SECRET, source_ip="192.0.2.7"):
    return list(send_quotas(hold, secret=secret, source_ip=source_ip, sends_per_address=30, at=hold.created_at))


def send_quota(hold, *, secret, at):
    return sends(hold, secret)[0]


def test_holds_are_bounded_three_ways(hold):
    """One a session, two a contact, five an address; each seat is free with the end of the hold."""
    found = holds(hold)
    assert {bound: quota.units for bound, quota in found.items()} == {
        Bound.SESSION: 1,
        Bound.CONTACT: 2,
        Bound.ADDRESS: 5,
    }
    assert {quota.until for quota in found.values()} == {hold.hold_expires_at}
    assert not any(quota.is_lasting for quota in found.values())


def test_no_address_is_no_bound(hold):
    """An ingress that does not know the address bounds by the others."""
    assert set(holds(hold, source_ip="")) == {Bound.SESSION, Bound.CONTACT}


def test_keys_tell_nothing(hold):
    """Neither contact nor address stands in a key, and another secret makes other keys."""
    quotas = [*holds(hold).values(), send_quota(hold, secret=SECRET, at=hold.created_at)]
    text = " ".join(quota.key for quota in quotas)
    assert hold.contact.address not in text
    assert "192.0.2.7" not in text
    other = send_quota(hold, secret=b"another", at=hold.created_at)
    assert other.key != quotas[-1].key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("jan@example.com", "JAN@example.com", True),
        ("jan@example.com", "jan+2@example.com", True),
        ("jan@example.com", "ola@example.com", False),
        ("+jan@example.com", "+ola@example.com", False),
        ("jan@example.com", "jan@example.org", False),
        ("j.a.n@gmail.com", "jan+x@googlemail.com", True),
        ("j.a.n@example.com", "jan@example.com", False),
    ],
)
def test_one_mailbox_is_one_contact(hold, one, other, same):
    """Capital letters and sub-addresses make no new person."""
    keys = {
        send_quota(replace(hold, contact=Contact("email", address)), secret=SECRET, at=hold.created_at).key
        for address in (one, other)
    }
    assert (len(keys) == 1) is same


def test_codes_are_bounded_across_businesses_and_holds_are_not(hold):
    """Three an hour to one contact, whoever's they are; a second business does not count the first one's holds."""
    elsewhere = replace(hold, tenant="another")
    sends = {send_quota(one, secret=SECRET, at=hold.created_at).key for one in (hold, elsewhere)}
    assert len(sends) == 1
    assert holds(hold)[Bound.CONTACT].key != holds(elsewhere)[Bound.CONTACT].key
    quota = send_quota(hold, secret=SECRET, at=hold.created_at)
    assert (quota.units, quota.until) == (3, hold.created_at + timedelta(hours=1))
    assert send_quota(replace(hold, code_sends=2), secret=SECRET, at=hold.created_at).holder != quota.holder


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("nonsense", "nonsense", True),
    ],
)
def test_one_network_of_a_household_is_one_address(hold, one, other, same):
    """Of IPv6 a visitor has a whole /64 to choose from."""
    keys = {holds(hold, source_ip=address)[Bound.ADDRESS].key for address in (one, other)}
    assert (len(keys) == 1) is same


def test_days_are_capped_on_the_local_date(make_profile, hold):
    """Per business and per service; a confirmed appointment keeps its place."""
    services = [{"id": "massage", "name": {"en": "M"}, "duration_minutes": 60, "max_per_day": 3}]
    profile = make_profile(services=services, max_visits_per_day=9)
    late = replace(hold, start=hold.start.replace(hour=23, minute=30))
    business, service = day_quotas(profile, profile.services[0], late)
    day = late.start.astimezone(profile.zone).date()
    assert day > late.start.date()
    assert (business.key, business.units) == (f"day#salon-ania#{day}", 9)
    assert (service.key, service.units) == (f"day#salon-ania#{day}#massage", 3)
    assert business.is_lasting
    assert business.until == hold.hold_expires_at
    assert list(day_quotas(make_profile(), make_profile().services[0], hold)) == []


def test_codes_are_bounded_by_contact_session_and_address(hold):
    """So that one browser cannot have the world written to, whatever contacts it makes up."""
    contact, session, address = sends(hold)
    assert [one.units for one in (contact, session, address)] == [3, 6, 30]
    assert not any(one.is_released_with_appointment for one in (contact, session, address))
    assert "192.0.2.7" not in address.key
    assert len(sends(hold, source_ip="")) == 2
