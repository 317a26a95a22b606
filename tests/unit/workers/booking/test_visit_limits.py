"""How many visits a contact and an address may book: the quotas, and what a business sets for itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.tenants.profile import TenantLimits
from workers.booking.domain.quotas import VISIT_BOUNDS, Bound
from workers.booking.domain.values import Contact
from workers.booking.domain.visit_limits import VISITS_WINDOW, VisitLimits, list_visit_quotas, parse_visit_limits

SECRET = b"a secret of the deployment"


def quotas(visit, *, source_ip="192.0.2.7", **fields):
    listed = list_visit_quotas(visit, VisitLimits(), secret=SECRET, source_ip=source_ip, at=visit.created_at, **fields)
    return {quota.bound: quota for quota in listed}


def test_a_visit_counts_for_its_contact_and_its_address(hold):
    """For a month after it was confirmed; the unit is freed with the visit, and reveals neither."""
    found = quotas(hold)
    assert {bound: quota.units for bound, quota in found.items()} == {
        Bound.VISITS_CONTACT: 10,
        Bound.VISITS_ADDRESS: 40,
    }
    for quota in found.values():
        assert (quota.holder, quota.until) == (hold.appointment_id, hold.created_at + VISITS_WINDOW)
        assert quota.is_released_with_appointment
        assert not quota.is_lasting
        assert quota.takes_unit
        assert not {"192.0.2.7", hold.contact.address} & set(quota.key.split("#"))
    assert set(found) == VISIT_BOUNDS
    assert not any(quota.takes_unit for quota in quotas(hold, takes_unit=False).values())
    assert set(quotas(hold, source_ip="")) == {Bound.VISITS_CONTACT}


@pytest.mark.parametrize(
    ("contact", "source_ip", "tenant", "same"),
    [
        ("J.A.N+x@googlemail.com", "2001:db8:1:2::9", "salon-ania", True),
        ("jan@gmail.com", "2001:db8:1:3::9", "salon-ania", False),
        ("ola@gmail.com", "2001:db8:1:2::9", "salon-ania", False),
        ("jan@gmail.com", "2001:db8:1:2::9", "another", False),
    ],
)
def test_a_mailbox_and_a_network_have_one_limit_at_a_business(hold, contact, source_ip, tenant, same):
    """Whatever the spelling, and the address within the network."""
    hold = replace(hold, contact=Contact("email", "jan@gmail.com"))
    before = {quota.key for quota in quotas(hold, source_ip="2001:db8:1:2::1").values()}
    other = replace(hold, contact=Contact("email", contact), tenant=tenant)
    assert ({quota.key for quota in quotas(other, source_ip=source_ip).values()} == before) is same


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, VisitLimits(3, 4, 5)),
        ({"visits_per_contact": 1}, VisitLimits(1, 4, 5)),
        ({"visits_per_address": 100, "moves_per_visit": 0}, VisitLimits(3, 100, 0)),
    ],
)
def test_a_business_sets_limits_of_its_own(own, expected):
    """Those of the installation apply where it sets none; no moves at all is a limit, too."""
    assert VisitLimits(3, 4, 5).override(TenantLimits.model_validate(own)) == expected


def test_a_family_and_an_office_book_within_the_limits():
    """A family of four may book twice a month with one address; an office of twenty, too."""
    limits = VisitLimits()
    assert limits.contact >= 2 * 4
    assert limits.address >= 2 * 20
    assert timedelta(days=28) <= VISITS_WINDOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", VisitLimits()),
        ("moves=0", VisitLimits(moves=0)),
        ("contact=20,address=100,moves=5", VisitLimits(20, 100, 5)),
        *(
            (text, None)
            for text in (
                "contact=0",
                "address=0",
                "moves=-1",
                "contact=10000",
                "moves",
                "visits=3",
                "contact=1;moves=2",
            )
        ),
    ],
)
def test_the_setting_names_what_differs(text, expected):
    """Anything else is an error that names what is wrong."""
    if expected is None:
        with pytest.raises(ValueError, match="is none of contact=1"):
            parse_visit_limits(text)
    else:
        assert parse_visit_limits(text) == expected
