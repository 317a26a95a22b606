"""The quotas of holds, codes and days, and that their keys reveal no contact."""

from dataclasses import replace
from datetime import timedelta

import pytest

from workers.booking.domain.quotas import Bound, list_day_quotas, list_hold_quotas, list_send_quotas
from workers.booking.domain.values import Contact

SECRET = b"a secret of the deployment"


def holds(hold, source_ip="192.0.2.7"):
    return {one.bound: one for one in list_hold_quotas(hold, secret=SECRET, source_ip=source_ip, holds_per_address=5)}


def sends(hold, secret=SECRET, source_ip="192.0.2.7"):
    return list(list_send_quotas(hold, secret=secret, source_ip=source_ip, sends_per_address=30, at=hold.created_at))


def send_quota(hold, *, secret, at):
    return sends(hold, secret)[0]


def test_holds_have_three_quotas(hold):
    """One per session, two per contact, five per address; each unit is free when the hold expires."""
    found = holds(hold)
    assert {bound: quota.units for bound, quota in found.items()} == {
        Bound.SESSION: 1,
        Bound.CONTACT: 2,
        Bound.ADDRESS: 5,
    }
    assert {quota.until for quota in found.values()} == {hold.hold_expires_at}
    assert not any(quota.is_lasting for quota in found.values())


def test_without_an_address_there_is_no_address_quota(hold):
    """An ingress that does not know the address leaves the other quotas."""
    assert set(holds(hold, source_ip="")) == {Bound.SESSION, Bound.CONTACT}


def test_keys_reveal_no_contact(hold):
    """Neither contact nor address is part of a key, and another secret makes other keys."""
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
    """Upper case and sub-addresses make no new contact."""
    keys = {
        send_quota(replace(hold, contact=Contact("email", address)), secret=SECRET, at=hold.created_at).key
        for address in (one, other)
    }
    assert (len(keys) == 1) is same


def test_code_quotas_span_businesses_and_hold_quotas_do_not(hold):
    """A contact gets three codes an hour from all businesses together; holds are counted per business."""
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
def test_one_household_network_is_one_address(hold, one, other, same):
    """A visitor can choose any address of an IPv6 /64."""
    keys = {holds(hold, source_ip=address)[Bound.ADDRESS].key for address in (one, other)}
    assert (len(keys) == 1) is same


def test_daily_caps_use_the_local_date(make_profile, hold):
    """Per business and per service; a confirmed appointment keeps its unit."""
    services = [{"id": "massage", "name": {"en": "M"}, "duration_minutes": 60, "max_per_day": 3}]
    profile = make_profile(services=services, max_visits_per_day=9)
    late = replace(hold, start=hold.start.replace(hour=23, minute=30))
    business, service = list_day_quotas(profile, profile.services[0], late)
    day = late.start.astimezone(profile.zone).date()
    assert day > late.start.date()
    assert (business.key, business.units) == (f"day#salon-ania#{day}", 9)
    assert (service.key, service.units) == (f"day#salon-ania#{day}#massage", 3)
    assert business.is_lasting
    assert business.until == hold.hold_expires_at
    assert list(list_day_quotas(make_profile(), make_profile().services[0], hold)) == []


def test_codes_have_quotas_by_contact_session_and_address(hold):
    """So that one browser can't send codes to many strangers by inventing contacts."""
    contact, session, address = sends(hold)
    assert [one.units for one in (contact, session, address)] == [3, 6, 30]
    assert not any(one.is_released_with_appointment for one in (contact, session, address))
    assert "192.0.2.7" not in address.key
    assert len(sends(hold, source_ip="")) == 2


def test_a_proof_of_work_raises_the_limits_of_an_address(hold):
    """Not those of a session and a contact; and a lower limit is none."""
    fields = {"secret": SECRET, "source_ip": "203.0.113.9"}
    holds = list(list_hold_quotas(hold, holds_per_address=5, holds_with_proof=20, **fields))
    sends = list(list_send_quotas(hold, sends_per_address=30, sends_with_proof=120, at=hold.created_at, **fields))
    raised = {one.bound: one.with_proof.units for one in (*holds, *sends) if one.with_proof}
    assert raised == {Bound.ADDRESS: 20, Bound.SENDS_ADDRESS: 120}
    assert not any(one.with_proof for one in list_hold_quotas(hold, holds_per_address=5, holds_with_proof=5, **fields))
