"""Where a business is, on the map and on the web."""

import pytest
from pydantic import ValidationError

from shared.tenants.profile import TenantProfile

GOOD = {
    "name": "Salon Ania",
    "time_zone": "Europe/Warsaw",
    "calendar_id": "calendar@example.com",
    "services": [{"id": "massage", "name": {"pl": "Masaż"}, "duration_minutes": 60}],
    "opening_hours": {"monday": ["09:00-17:00"]},
}


def profile(**fields):
    return TenantProfile.model_validate(GOOD | fields)


@pytest.mark.parametrize(
    ("fields", "region"),
    [
        ({}, "PL"),
        ({"time_zone": "Europe/London"}, "GB"),
        ({"time_zone": "America/Sao_Paulo"}, "BR"),
        ({"time_zone": "Asia/Kathmandu"}, "NP"),
        ({"time_zone": "UTC"}, None),
        ({"time_zone": "CET"}, None),
        ({"time_zone": "UTC", "country": "PL"}, "PL"),
        ({"country": "DE"}, "DE"),
    ],
)
def test_a_business_is_where_it_says_or_where_its_clock_is(fields, region):
    """A zone of no country says nothing, and then nobody guesses."""
    assert profile(**fields).region == region


@pytest.mark.parametrize("country", ["pl", "POL", "UK", "XX", "", "P L", "PL\n"])
def test_a_country_that_is_none_is_refused(country):
    """With an example of what to write."""
    with pytest.raises(ValidationError, match="country code of two capital letters such as PL"):
        profile(country=country)


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://salon.example/wizyty?from=letter", "https://salon.example/wizyty?from=letter"),
        ("https://salon.example", "https://salon.example/"),
        ("https://salon.example?a=1", "https://salon.example/?a=1"),
        ("https://salon.example:8443/", "https://salon.example:8443/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("http://localhost:8080", "http://localhost:8080/"),
    ],
)
def test_a_page_is_reached_safely(url, page):
    """Over https, or on this machine; it has a path, so that mail programs see where the address ends."""
    assert profile(page_url=url).email_link_page_url == page


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://salon.example/", "must begin with https://"),
        ("http://127.0.0.1.evil.example/", "must begin with https://"),
        ("http://localhost.evil.example/", "must begin with https://"),
        ("ftp://salon.example/", "must begin with https://"),
        ("//salon.example/", "must begin with https://"),
        ("salon.example", "is not an address"),
        ("javascript:alert(1)", "is not an address"),
        ("https://", "is not an address"),
        ("https:///visits", "is not an address"),
        ("https://salon.example:99999/", "is not an address"),
        ("https://salon.example@evil.example/", "is not an address"),
        ("https://user:secret@salon.example/", "is not an address"),
        ("https://salon.example/#visits", "must not have a fragment"),
        ("https://salon.example/#", "must not have a fragment"),
        ("https://salon.example/ visits", "percent-encoded"),
        ("https://salon.example/\nBcc:", "percent-encoded"),
        ('https://salon.example/"><b>', "percent-encoded"),
        ("https://salon.example/żółw", "percent-encoded"),
        ("https://sаlon.example/", "percent-encoded"),
        ("https://salon.example/" + "a" * 500, "at most 500 characters"),
        ("", "percent-encoded"),
    ],
)
def test_an_address_that_is_unsafe_in_an_email_is_refused(url, reason):
    """With a sentence that says what is wrong."""
    with pytest.raises(ValidationError) as caught:
        profile(page_url=url)

    [problem] = caught.value.errors()
    assert problem["loc"] == ("page_url",)
    assert reason in problem["msg"]


@pytest.mark.parametrize(
    ("origins", "page"),
    [
        ((), None),
        (("https://salon.example", "https://www.salon.example"), "https://salon.example/"),
        (("http://salon.example", "null", "https://www.salon.example"), "https://www.salon.example/"),
        (("http://salon.example",), None),
    ],
)
def test_without_an_address_it_is_the_first_allowed_page(origins, page):
    """The chat is open there; one that is not safe to link to is passed over."""
    assert profile(allowed_origins=origins).email_link_page_url == page
