"""Which profiles are refused, and with which words; what a good one answers."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from shared.tenants.opening_hours import OpenPeriod
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_types import Translated

GOOD = {
    "name": "Salon Ania",
    "time_zone": "Europe/Warsaw",
    "calendar_id": "calendar@example.com",
    "services": [{"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}],
    "opening_hours": {"monday": ["13:00-17:00", "09:00-12:00"]},
}
MASSAGE = GOOD["services"][0]


def hours(*periods):
    return {"opening_hours": {"monday": list(periods)}}


def service(**fields):
    return {"services": [MASSAGE | fields]}


@pytest.mark.parametrize(
    ("changes", "location", "message"),
    [
        ({"name": "  "}, "name", "at least 1 character"),
        ({"name": "a" * 121}, "name", "at most 120 characters"),
        ({"locale": "tlh"}, "locale", "'tlh' is not a language that is spoken here: "),
        ({"locale": "PL"}, "locale", "'PL' is not a language that is spoken here: "),
        ({"time_zone": "Warsaw"}, "time_zone", "'Warsaw' is not an IANA time zone such as Europe/Warsaw"),
        ({"time_zone": "../etc/passwd"}, "time_zone", "is not an IANA time zone"),
        *(
            (
                {"busy_calendars": [{"provider": "caldav", "id": url}]},
                "busy_calendars.0",
                "is not the URL of a CalDAV calendar",
            )
            for url in (
                "work",
                "http://dav.example.com/ania/",
                "ftp://dav.example.com/ania/",
                "https:///ania/",
                "https://ania:secret@dav.example.com/ania/",
                "https://dav.example.com/ania/#today",
                "https://dav.example.com/ania/?export",
                "https://dav.example.com/ania/../tom/",
                "https://dav.example.com/ania/%2e%2e/tom/",
                "https://dav.example.com:port/",
                "https://dav.example.com/two words/",
                "https://dav.exämple.com/",
            )
        ),
        ({"busy_calendars": [{"provider": "icloud", "id": "a"}]}, "busy_calendars.0.provider", "'google' or 'caldav'"),
        ({"time_zone": ""}, "time_zone", "is not an IANA time zone"),
        ({"calendar_id": ""}, "calendar_id", "at least 1 character"),
        ({"calender_id": "x"}, "calender_id", "Extra inputs are not permitted"),
        ({"services": []}, "services", "at least 1 item"),
        ({"services": [MASSAGE, MASSAGE]}, "", "two services have the same id"),
        (service(id="Deep Massage"), "services.0.id", "should match pattern"),
        (service(name={}), "services.0.name", "needs a text in one language at least"),
        (service(name={"pl": "", "en": ""}), "services.0.name", "needs a text in one language at least"),
        (service(name={"polish": "Masaż"}), "services.0.name.polish.[key]", "is not the tag of a language such as pl"),
        (service(name={"pl": ["Masaż"]}), "services.0.name.pl", "valid string"),
        (service(name="Massage"), "services.0.name", "valid dictionary"),
        (service(duration_minutes=0), "services.0.duration_minutes", "greater than 0"),
        (service(duration_minutes=7), "services.0.duration_minutes", "must be a multiple of 5 minutes"),
        (service(duration_minutes=1445), "services.0.duration_minutes", "less than or equal to 1440"),
        (service(step_minutes=0), "services.0.step_minutes", "greater than 0"),
        (service(step_minutes=12), "services.0.step_minutes", "must be a multiple of 5 minutes"),
        (service(buffer_before_minutes=-5), "services.0.buffer_before_minutes", "greater than or equal to 0"),
        (service(buffer_after_minutes=3), "services.0.buffer_after_minutes", "must be a multiple of 5 minutes"),
        (service(price=10), "services.0.price", "valid dictionary"),
        (service(colour=10), "services.0.colour", "Extra inputs are not permitted"),
        (hours("9-17"), "opening_hours.monday.0", 'must look like "09:00-17:00"'),
        (hours("09:00-17:00", "noon"), "opening_hours.monday.1", 'must look like "09:00-17:00"'),
        (hours("25:00-26:00"), "opening_hours.monday.0", "is not a time of day"),
        (hours("09:60-10:00"), "opening_hours.monday.0", "is not a time of day"),
        (hours("09:00-24:05"), "opening_hours.monday.0", "is not a time of day"),
        (
            hours("09:00-05:00"),
            "opening_hours.monday.0",
            "must close after it opens; this lasts 20 hours over midnight",
        ),
        (hours("10:00-02:05"), "opening_hours.monday.0", "this lasts 16 h 5 min over midnight, where 16 hours are"),
        (
            hours("09:00-09:00"),
            "opening_hours.monday.0",
            "must close after it opens; write 00:00-24:00 for the whole day",
        ),
        (hours("20:00-02:00", "22:00-23:00"), "opening_hours.monday", "must not overlap"),
        *(
            (
                {"opening_hours": {day: ["20:00-02:00"], after: ["01:55-03:00"]}},
                "opening_hours",
                f"the last period of {day}",
            )
            for day, after in (("friday", "saturday"), ("sunday", "monday"))
        ),
        (hours("09:02-10:00"), "opening_hours.monday.0", "must be on a multiple of 5 minutes"),
        (hours("09:00-12:00", "11:55-13:00"), "opening_hours.monday", "must not overlap"),
        ({"opening_hours": {"moonday": []}}, "opening_hours.moonday", "Extra inputs are not permitted"),
        ({"exceptions": [{"date": "2026-02-30"}]}, "exceptions.0.date", "valid date"),
        ({"exceptions": [{"date": "2026-05-01"}] * 2}, "", "two exceptions are for the same date"),
        ({"exceptions": [{"date": "2026-05-01", "hours": ["x"]}]}, "exceptions.0.hours.0", "must look like"),
        ({"closed_ranges": [{"first": "2026-05-02", "last": "2026-05-01"}]}, "closed_ranges.0", "must not be before"),
        ({"resources": [{"id": "a", "exceptions": [{"date": "2026-05-01"}] * 2}]}, "resources.0", "for the same date"),
        ({"closed_ranges": [{"first": "2026-05-02"}]}, "closed_ranges.0.last", "Field required"),
        ({"minimum_notice_minutes": -1}, "minimum_notice_minutes", "greater than or equal to 0"),
        ({"minimum_notice_open_minutes": -1}, "minimum_notice_open_minutes", "greater than or equal to 0"),
        ({"horizon_days": 0}, "horizon_days", "greater than or equal to 1"),
        ({"horizon_days": 367}, "horizon_days", "less than or equal to 366"),
        ({"model": {"max_output_tokens": 5000}}, "model.max_output_tokens", "less than or equal to 4096"),
        ({"limits": {"chat_characters": 4001}}, "limits.chat_characters", "less than or equal to 4000"),
        ({"limits": {"daily_output_tokens": 0}}, "limits.daily_output_tokens", "greater than 0"),
    ],
)
def test_a_bad_profile_is_refused_with_the_location_and_the_reason(changes, location, message):
    """The owner can find the entry and knows what to write instead."""
    with pytest.raises(ValidationError) as caught:
        TenantProfile.model_validate(GOOD | changes)

    # Pydantic adds that no item is left when the only service is a bad one; what counts comes first.
    problem = caught.value.errors()[0]
    assert ".".join(map(str, problem["loc"])) == location
    assert message in problem["msg"]


@pytest.mark.parametrize("field", ["name", "time_zone", "calendar_id", "services", "opening_hours"])
def test_what_a_profile_cannot_do_without_is_named(field):
    """A missing entry is said by its name."""
    with pytest.raises(ValidationError) as caught:
        TenantProfile.model_validate({key: value for key, value in GOOD.items() if key != field})

    assert [(problem["loc"], problem["type"]) for problem in caught.value.errors()] == [((field,), "missing")]


def test_a_short_profile_gets_careful_defaults():
    """Everything that an owner need not decide has a value."""
    profile = TenantProfile.model_validate(GOOD)

    assert (profile.locale, profile.minimum_notice_minutes, profile.horizon_days) == ("pl", 120, 60)
    assert profile.senders.email is None
    assert not profile.allow_missing_origin
    assert "AI" in profile.disclosure.choose_text("pl")
    assert profile.zone == ZoneInfo("Europe/Warsaw")
    assert profile.services[0].step == 60


@pytest.mark.parametrize("address", ["visits@salon.example", " visits@salon.example\n", "wizyty@zażółć.example"])
def test_a_sender_is_one_address(address):
    """It stands in the headers of every e-mail of the business."""
    profile = TenantProfile.model_validate(GOOD | {"senders": {"email": address}})
    assert profile.senders.email == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        *("", "salon(at)example.com", "visits@salon", "@salon.example", "a@b@salon.example", "two words@salon.example"),
        *("a@salon.example, b@salon.example", "Salon <visits@salon.example>", "a@salon.example\nBcc: b@evil.example"),
        "=?utf-8?q?a=40evil.example=2C_b?=@salon.example",
    ],
)
def test_a_sender_that_is_none_is_named(address):
    """With an example of one that is."""
    with pytest.raises(ValidationError, match=r"visits@example\.com"):
        TenantProfile.model_validate(GOOD | {"senders": {"email": address}})


def test_the_periods_of_a_day_come_in_order():
    """However the owner lists them; a day that is not named is closed."""
    profile = TenantProfile.model_validate(GOOD)

    assert profile.list_open_periods(date(2026, 1, 12)) == (
        OpenPeriod(opens=540, closes=720),
        OpenPeriod(opens=780, closes=1020),
    )
    assert profile.list_open_periods(date(2026, 1, 13)) == ()


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        *(("09:00-17:00", 540, 1020), (" 09:00 – 17:00 ", 540, 1020), ("00:00-24:00", 0, 1440)),
        *(("20:00-02:00", 1200, 1560), ("16:00-00:00", 960, 1440), ("10:00-02:00", 600, 1560)),
    ],
)
def test_hours_may_be_spaced_and_dashed(text, opens, closes):
    """A typographic dash and spaces are what editors make of it; 24:00 is the end of the day."""
    period = TenantProfile.model_validate(GOOD | hours(text)).opening_hours.monday[0]

    assert (period.opens, period.closes) == (opens, closes)


def test_a_night_belongs_to_the_date_on_which_it_begins():
    """Also if the next date is closed; the next date's own morning may follow."""
    week = {"opening_hours": {"monday": ["20:00-02:00"], "tuesday": ["02:00-04:00"]}}
    exceptions = {"exceptions": [{"date": "2026-01-20"}]}
    profile = TenantProfile.model_validate(GOOD | week | exceptions)
    instants = {
        "2026-01-12T19:59": False,
        "2026-01-12T20:00": True,
        "2026-01-13T01:59": True,
        "2026-01-13T02:00": True,
        "2026-01-13T04:00": False,
        "2026-01-20T01:59": True,
        "2026-01-20T02:00": False,
    }
    zone = ZoneInfo("Europe/Warsaw")
    assert {text: profile.is_open(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in instants} == instants


def test_periods_that_touch_are_no_overlap():
    """A business may list its morning and its afternoon without a break."""
    profile = TenantProfile.model_validate(GOOD | hours("12:00-15:00", "09:00-12:00"))

    assert [period.opens for period in profile.opening_hours.monday] == [540, 720]


def test_an_exception_stands_before_the_weekday():
    """With hours it opens a date, without it closes one."""
    exceptions = [{"date": "2026-01-12"}, {"date": "2026-01-13", "hours": ["10:00-11:00"]}]
    profile = TenantProfile.model_validate(GOOD | {"exceptions": exceptions})

    assert profile.list_open_periods(date(2026, 1, 12)) == ()
    assert profile.list_open_periods(date(2026, 1, 13)) == (OpenPeriod(opens=600, closes=660),)
    assert len(profile.list_open_periods(date(2026, 1, 19))) == 2


def test_a_vacation_closes_its_dates_unless_an_exception_opens_one():
    """Both ends belong to it, ranges may overlap, and a range of one date is one."""
    ranges = [("2026-01-12", "2026-01-26"), ("2026-01-19", "2026-02-02"), ("2026-02-16", "2026-02-16")]
    profile = TenantProfile.model_validate(
        GOOD
        | {"closed_ranges": [{"first": first, "last": last} for first, last in ranges]}
        | {"exceptions": [{"date": "2026-01-19", "hours": ["10:00-11:00"]}]}
    )

    mondays = [date(2026, 1, 5) + timedelta(weeks=number) for number in range(8)]
    assert [len(profile.list_open_periods(monday)) for monday in mondays] == [2, 0, 1, 0, 0, 2, 0, 2]


@pytest.mark.parametrize(("asked", "found"), [("massage", True), (" Massage ", True), ("haircut", False)])
def test_a_service_is_found_whatever_its_case(asked, found):
    """The predecessor's pages write services as they like."""
    assert bool(TenantProfile.model_validate(GOOD).find_service(asked)) is found


@pytest.mark.parametrize(
    ("texts", "preferred", "text"),
    [
        ({"pl": "Masaż", "en": "Massage"}, ["pl-PL"], "Masaż"),
        ({"pl": "Masaż", "en": "Massage"}, ["en-GB"], "Massage"),
        ({"pl": "Masaż", "en": "Massage"}, ["tlh"], "Massage"),
        ({"pl": "Masaż", "en": "Massage"}, ["tlh", "pl"], "Masaż"),
        ({"pl": "Masaż"}, ["en"], "Masaż"),
        ({"en": "Massage"}, ["pl"], "Massage"),
        ({"en": "Massage", "pl": ""}, ["pl"], "Massage"),
        ({"PT-br": "Massagem", "pl": "Masaż"}, ["pt_BR"], "Massagem"),
        ({"uk": "Масаж", "pl": "Masaż"}, ["tlh"], "Масаж"),
    ],
)
def test_a_text_is_in_the_nearest_language(texts, preferred, text):
    """The business's language, English or the first text that there is stands in for the one that is missing."""
    assert Translated.model_validate(texts).choose_text(*preferred) == text


@pytest.mark.parametrize(
    ("address", "polish", "german"),
    [
        ("ul. Długa 5, Kraków", "ul. Długa 5, Kraków", "ul. Długa 5, Kraków"),
        ({"pl": "ul. Długa 5", "de": "Długa-Straße 5"}, "ul. Długa 5", "Długa-Straße 5"),
        ({"pl": "ul. Długa 5"}, "ul. Długa 5", "ul. Długa 5"),
        ("ul. Długa 5\n  31-147 Kraków\u2028\n", "ul. Długa 5, 31-147 Kraków", "ul. Długa 5, 31-147 Kraków"),
        ("a" * 200, "a" * 200, "a" * 200),
    ],
)
def test_an_address_is_one_line_for_all_languages_or_by_language(address, polish, german):
    """Several lines become one, because calendars show one."""
    profile = TenantProfile.model_validate(GOOD | {"address": address})

    assert (profile.address.choose_text("pl"), profile.address.choose_text("de")) == (polish, german)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "needs a text in one language at least"),
        ("\n \n", "needs a text in one language at least"),
        ({"pl": "a" * 201}, "at most 200 characters"),
        ({"Polish": "ul. Długa 5"}, "not the tag of a language"),
        (5, "valid dictionary"),
    ],
)
def test_a_bad_address_is_refused(address, message):
    """Neither empty nor longer than a line of a calendar."""
    with pytest.raises(ValidationError, match=message):
        TenantProfile.model_validate(GOOD | {"address": address})


def test_a_profile_cannot_be_changed():
    """It is shared by every handler that runs, so nobody may write into it."""
    with pytest.raises(ValidationError, match="frozen"):
        TenantProfile.model_validate(GOOD).name = "Another"


def test_a_telephone_number_is_written_in_any_usual_way():
    """Visitors are shown what the owner wrote; it is one number and nothing else."""
    for phone in ("+48 22 123 45 67", "022/123-45.67", "(22) 1234567", "112", " 600 700 800 "):
        assert TenantProfile.model_validate(GOOD | {"phone": phone}).phone == phone.strip()
    for phone in (
        "",
        "12",
        "+",
        "48+22",
        "1234567890123456",
        "22 123 ext. 4",
        "+48 22 1\n2",
        "javascript:1",
        "600-",
        "٦٠٠٧٠٠",
    ):
        with pytest.raises(ValidationError, match="is not one telephone number"):
            TenantProfile.model_validate(GOOD | {"phone": phone})
