"""How a notice reads as a text message: one part, in letters that every phone shows."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.languages.available import languages
from workers.notifications.adapters.text_message_templates import JinjaTextMessageTemplates
from workers.notifications.domain import count_septets, to_gsm_text

MESSAGES = JinjaTextMessageTemplates()
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
    """Return a function that words a notice to a phone."""

    def write(kind, *, profile=None, data=None, **fields):
        notice = make_notice(kind, data=PHONE | (data or {}), **fields)
        return MESSAGES.render(notice, profile or make_profile(), code="123456" if kind == "code" else None)

    return write


@pytest.mark.parametrize(
    ("kind", "fields", "locale", "text"),
    [
        (
            "code", {}, "pl",
            (
                "123456 to kod do wizyty: Salon Ania, wt. 13.01, 10:00. Wpisz go na czacie do 13:15. "
                "Nie prosisz o wizyte? Zignoruj te wiadomosc."
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
def test_a_message_says_who_what_and_when(write, kind, fields, locale, text):
    """The code comes first, where phones look for it; the business's name says whose message it is."""
    message = write(kind, locale=locale, **fields)

    assert (message.recipient, message.text) == ("+48600700800", text)


@pytest.mark.parametrize(("kind", "fields"), CASES)
@pytest.mark.parametrize("locale", languages())
def test_a_message_is_one_part_however_long_the_names_are(write, make_profile, kind, fields, locale):
    """On every day of the year and in an hour that comes twice, with names at their longest, in any letters."""
    starts = [datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=day) for day in range(0, 366, 17)]
    for name in ("Gabinet Fizjoterapii i Masażu „Źródło Zdrowia” Anna Wiśniewska", "[]" * 60, "💅" * 120, "Щ" * 120):
        profile = make_profile(name=name)
        for start in [*starts, TWICE]:
            own = {**fields, "expires_at": TWICE} if start == TWICE and kind == "code" else fields
            text = write(kind, locale=locale, profile=profile, data={"service_name": name, "start": start}, **own).text
            assert count_septets(text) <= 160, text
            assert to_gsm_text(text) == text


@pytest.mark.parametrize(("kind", "fields"), CASES)
@pytest.mark.parametrize("locale", languages())
def test_a_visitors_words_are_in_no_message(write, kind, fields, locale):
    """Whoever owns the number reads the business's words alone, and no address to tap on."""
    message = write(kind, locale=locale, data={"name": "You won! evil.example"}, **fields)

    assert message == write(kind, locale=locale, data={"name": ""}, **fields)
    assert "http" not in message.text


@pytest.mark.parametrize("locale", ["pl", "en"])
@pytest.mark.parametrize("kind", ["cancelled", "rescheduled"])
def test_a_business_that_changed_a_visit_is_sorry(write, kind, locale):
    """And the visitor learns that another time can be had."""
    sorry, chat = ("przepraszamy", "na czacie") if locale == "pl" else ("sorry", "the chat")

    assert sorry in write(kind, locale=locale, by="business").text
    assert chat in write(kind, locale=locale, by="business").text
    assert sorry not in write(kind, locale=locale, by="visitor").text


@pytest.mark.parametrize(("kind", "fields"), CASES)
def test_a_name_that_cannot_be_written_leaves_no_hole(write, make_profile, kind, fields):
    """The business's id stands for it; what is done there is left to the business's name."""
    text = write(kind, profile=make_profile(name="💅✨"), data={"service_name": "💇"}, **fields).text

    assert "salon-ania" in text
    assert not any(hole in text for hole in ("()", ": ,", " :", "  "))
    assert not text.startswith(":")


def test_names_stay_on_the_one_line(write, make_profile):
    """What an owner typed into a profile breaks nothing."""
    text = write("reminder", profile=make_profile(name="Salon\r\nAnia"), data={"service_name": "M\n\nasaż"}).text

    assert text.isprintable()
    assert "Salon Ania" in text


def test_a_message_shows_neither_number_nor_text_in_a_log(write):
    """Its representation is what slips into log lines and exceptions."""
    shown = repr(write("code"))

    assert "123456" not in shown
    assert "600700800" not in shown
