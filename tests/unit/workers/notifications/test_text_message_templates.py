"""The text of text messages: one part each, in the GSM 7-bit alphabet."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.languages.available import list_languages
from workers.notifications.adapters.text_message_templates import JinjaTextMessageTemplates
from workers.notifications.domain import count_septets, to_gsm_text

TEMPLATES = JinjaTextMessageTemplates()
PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
TWICE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""Half past two in Warsaw, for the first time."""

CASES = [
    ("code", {}),
    ("confirmed", {}),
    ("cancelled", {"by": "visitor"}),
    ("cancelled", {"by": "business"}),
    ("rescheduled", {"by": "visitor"}),
    ("rescheduled", {"by": "business"}),
    ("reminder", {}),
    ("choose_again", {"stands": False}),
    ("choose_again", {"stands": True}),
]


@pytest.fixture
def write(make_notice, make_profile):
    """Return a function that renders a notice as a text message."""

    def write(kind, *, profile=None, data=None, **fields):
        notice = make_notice(kind, data=PHONE | (data or {}), **fields)
        return TEMPLATES.render(notice, profile or make_profile(), code="123456" if kind == "code" else None)

    return write


@pytest.mark.parametrize(
    ("kind", "fields", "locale", "text"),
    [
        (
            "code", {}, "pl",
            (
                "123456 to kod do wizyty: Salon Ania, wt. 13.01, 10:00. Wpisz go na czacie do 13:15. "
                "To nie Twoja prosba? Zignoruj te wiadomosc."
            ),
        ),
        (
            "code", {}, "en",
            (
                "123456 is your code for Salon Ania, Tue 13 Jan, 10:00. Enter it in the chat by 13:15. "
                "Did not ask for it? Ignore this message."
            ),
        ),
        (
            "reminder", {}, "pl",
            "Salon Ania: przypominamy o wizycie wt. 13.01, 10:00 (Masaz). Zmiana lub odwolanie: na czacie.",
        ),
        (
            "reminder", {}, "en",
            "Salon Ania: a reminder of your visit on Tue 13 Jan, 10:00 (Masaz). To change or cancel it, use the chat.",
        ),
        (
            "choose_again", {}, "en",
            "Salon Ania: sorry, we could not book Tue 13 Jan, 10:00 (Masaz). Please choose again in the chat.",
        ),
        (
            "choose_again", {"stands": True}, "pl",
            "Salon Ania: przepraszamy, prosba dotarla za pozno. Wizyta bez zmian: wt. 13.01, 10:00 (Masaz).",
        ),
        (
            "cancelled", {"by": "business"}, "pl",
            "Salon Ania: przepraszamy, musimy odwolac wizyte wt. 13.01, 10:00 (Masaz). Nowy termin: na czacie.",
        ),
    ],
)  # fmt: skip
def test_a_text_message_names_business_time_and_service(write, kind, fields, locale, text):
    """The code comes first, where phones look for it; the name of the business says who sent it."""
    message = write(kind, locale=locale, **fields)

    assert (message.recipient, message.text) == ("+48600700800", text)


@pytest.mark.parametrize(("kind", "fields"), CASES)
@pytest.mark.parametrize("locale", list_languages())
def test_a_message_is_one_part_however_long_the_names_are(write, make_profile, kind, fields, locale):
    """On every day of the year and in an hour that occurs twice, with the longest names, in any script."""
    starts = [datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=day) for day in range(0, 366, 17)]
    for name in ("Gabinet Fizjoterapii i Masażu „Źródło Zdrowia” Anna Wiśniewska", "[]" * 60, "💅" * 120, "Щ" * 120):
        profile = make_profile(name=name)
        for start in [*starts, TWICE]:
            own = {**fields, "expires_at": TWICE} if start == TWICE and kind == "code" else fields
            text = write(kind, locale=locale, profile=profile, data={"service_name": name, "start": start}, **own).text
            assert count_septets(text) <= 160, text
            assert to_gsm_text(text) == text


@pytest.mark.parametrize(("kind", "fields"), CASES)
@pytest.mark.parametrize("locale", list_languages())
def test_what_a_visitor_typed_is_in_no_text_message(write, kind, fields, locale):
    """The owner of the number reads only texts of the business, and no link."""
    message = write(kind, locale=locale, data={"name": "You won! evil.example"}, **fields)

    assert message == write(kind, locale=locale, data={"name": ""}, **fields)
    assert "http" not in message.text


@pytest.mark.parametrize("locale", ["pl", "en"])
@pytest.mark.parametrize("kind", ["cancelled", "rescheduled"])
def test_a_text_message_about_a_change_by_the_business_apologizes(write, kind, locale):
    """And it says that another time can be booked."""
    sorry, chat = ("przepraszamy", "na czacie") if locale == "pl" else ("sorry", "the chat")

    assert sorry in write(kind, locale=locale, by="business").text
    assert chat in write(kind, locale=locale, by="business").text
    assert sorry not in write(kind, locale=locale, by="visitor").text


@pytest.mark.parametrize(("kind", "fields"), CASES)
def test_a_name_without_gsm_characters_is_replaced(write, make_profile, kind, fields):
    """The id of the business stands in for its name, and that name for the service."""
    text = write(kind, profile=make_profile(name="💅✨"), data={"service_name": "💇"}, **fields).text

    assert "salon-ania" in text
    assert not any(hole in text for hole in ("()", ": ,", " :", "  "))
    assert not text.startswith(":")


def test_names_stay_on_one_line(write, make_profile):
    """A line break in a profile does not break the message."""
    text = write("reminder", profile=make_profile(name="Salon\r\nAnia"), data={"service_name": "M\n\nasaż"}).text

    assert text.isprintable()
    assert "Salon Ania" in text


def test_the_representation_of_a_text_message_has_neither_number_nor_text(write):
    """The representation may get into log lines and exceptions."""
    representation = repr(write("code"))

    assert "123456" not in representation
    assert "600700800" not in representation
