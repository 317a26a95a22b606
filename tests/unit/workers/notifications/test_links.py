"""Which e-mails have links, and that booking accepts these links."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from shared.email_links import LinkClaim, Links
from workers.notifications.domain import issue_appointment_links

LINKS = Links(b"a secret of the deployment")
PAGE = "https://salon.example/wizyty"


@pytest.fixture
def links_of(make_notice, make_profile):
    """Return a function that issues the links for a notice, an hour before the visit."""

    def links_of(kind, *, before=timedelta(hours=1), profile=None):
        notice = make_notice(kind)
        return issue_appointment_links(LINKS, notice, profile or make_profile(), notice.data.start - before)

    return links_of


@pytest.mark.parametrize("kind", ["confirmed", "rescheduled", "reminder"])
@pytest.mark.parametrize("purpose", ["cancel", "move"])
def test_a_link_opens_the_businesses_page_with_its_token_in_the_fragment(links_of, make_notice, kind, purpose):
    """Browsers send it to no server; booking reads from the token which visit is meant."""
    notice = make_notice(kind)
    parts = urlsplit(getattr(links_of(kind), purpose))
    name, _, token = parts.fragment.partition("=")

    assert parts._replace(fragment="").geturl() == PAGE
    assert name == f"stride-{purpose}"
    expected = LinkClaim(purpose, notice.data.appointment_id, notice.session_id)
    assert LINKS.verify(token, tenant=notice.tenant) == expected
    assert LINKS.verify(token, tenant="salon-ola") is None


@pytest.mark.parametrize("kind", ["code", "cancelled", "choose_again"])
def test_a_notice_that_does_not_confirm_a_visit_has_no_links(links_of, kind):
    """The address of a hold is not verified, and a cancellation is final."""
    assert links_of(kind) is None


def test_a_visit_that_has_begun_has_no_links(links_of):
    """They could change nothing."""
    assert links_of("confirmed", before=timedelta(0)) is None


@pytest.mark.parametrize(("minutes", "has_links"), [(60, False), (120, False), (121, True)])
def test_a_visit_that_can_no_longer_be_changed_has_no_links(links_of, make_profile, minutes, has_links):
    """From the deadline of the business on; they would only be refused."""
    links = links_of("confirmed", before=timedelta(minutes=minutes), profile=make_profile(change_deadline_hours=2))
    assert bool(links) is has_links


@pytest.mark.parametrize(
    ("fields", "page"),
    [
        ({"page_url": None}, None),
        ({"page_url": None, "allowed_origins": ["http://salon.example"]}, None),
        ({"page_url": None, "allowed_origins": ["https://www.salon.example"]}, "https://www.salon.example/"),
        ({"page_url": "https://salon.example/?a=b"}, "https://salon.example/?a=b"),
    ],
)
def test_the_links_lead_to_the_page_of_the_business(links_of, make_profile, fields, page):
    """Without a page there are none."""
    links = links_of("confirmed", profile=make_profile(**fields))

    assert (links and links.cancel.partition("#")[0]) == page


def test_a_request_to_choose_again_has_links_if_its_visit_is_booked(make_notice, make_profile):
    """The address was verified when the visit was confirmed; the address of a new request may be a stranger's."""
    notice = make_notice("choose_again", stands=True)
    links = issue_appointment_links(LINKS, notice, make_profile(), notice.data.start - timedelta(hours=1))

    assert links is not None
