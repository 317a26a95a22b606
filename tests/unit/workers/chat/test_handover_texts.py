"""When somebody answers, in the visitor's language."""

from datetime import datetime
from zoneinfo import ZoneInfo

from workers.chat.domain.handover_texts import announce_request
from workers.chat.handler.final import CATALOGUE

WARSAW = ZoneInfo("Europe/Warsaw")
WEEK = {"opening_hours": {"monday": ["08:00-12:00", "14:00-17:00"], "tuesday": ["08:30-12:00"]}}


def announce(make_profile, at, language, *, is_repeated=False, has_contact=False, **fields):
    return announce_request(
        make_profile(**(WEEK | fields)),
        datetime.fromisoformat(at).replace(tzinfo=WARSAW),
        CATALOGUE.get_texts(language),
        is_repeated=is_repeated,
        has_contact=has_contact,
    )


BACK = {
    # 12 January 2026 is a Monday.
    ("2026-01-12T12:30", "en"): "We are back today at 14:00,",
    ("2026-01-12T18:00", "en"): "We are back tomorrow at 8:30,",
    ("2026-01-13T18:00", "en"): "We are back on Monday at 8:00,",
    ("2026-01-13T18:00", "pl"): "Wracamy w poniedziałek o 8:00 i",
    ("2026-01-12T18:00", "pl"): "Wracamy jutro o 8:30 i",
    ("2026-01-12T12:30", "pl"): "Wracamy dzisiaj o 14:00 i",
    ("2026-01-13T18:00", "de"): "Wir sind am Montag um 8:00 Uhr wieder da",
    ("2026-01-12T18:00", "de"): "Wir sind morgen um 8:30 Uhr wieder da",
    ("2026-01-12T12:30", "de"): "Wir sind heute um 14:00 Uhr wieder da",
}


def test_outside_opening_hours_the_next_opening_is_named(make_profile):
    """Today, tomorrow, or on a weekday, at the time of the business's clocks."""
    for (at, language), expected in BACK.items():
        announces, text = announce(make_profile, at, language)
        assert announces == "handover_closed", (at, language)
        assert expected in text, (at, language)


def test_after_a_week_the_date_is_named(make_profile):
    """A weekday alone would be that of this week."""
    closed = {"closed_ranges": [{"first": "2026-01-13", "last": "2026-02-28"}]}
    dates = {"en": "on 2 March at 8:00,", "pl": "Wracamy 2 marca o 8:00 i", "de": "am 2. März um 8:00 Uhr"}
    for language, expected in dates.items():
        assert expected in announce(make_profile, "2026-01-12T18:00", language, **closed)[1], language
    one_day = {"opening_hours": {"monday": ["08:00-12:00"]}}
    assert "on 19 January at 8:00," in announce(make_profile, "2026-01-12T18:00", "en", **one_day)[1]


def test_an_open_business_and_one_without_hours(make_profile):
    """Neither promises a time."""
    noted = "Our team knows that you would like to talk to a person."
    announces, text = announce(make_profile, "2026-01-12T08:00", "en")
    assert announces == "handover_requested"
    assert text == f"{noted} We are open now, and somebody will answer you here as soon as possible."
    announces, text = announce(make_profile, "2026-01-12T08:00", "en", opening_hours={})
    assert announces == "handover_closed"
    assert text == f"{noted} Somebody will answer you as soon as possible."


def test_a_repetition_and_a_contact_are_mentioned(make_profile):
    """In every language the texts differ."""
    for language in CATALOGUE.languages:
        texts = [
            announce(make_profile, "2026-01-12T08:00", language, is_repeated=repeated, has_contact=contact)[1]
            for repeated in (False, True)
            for contact in (False, True)
        ]
        assert len(set(texts)) == 4, language
        assert not any("{" in text for text in texts), language


def test_every_weekday_has_its_words(make_profile):
    """In every language: seven days, seven texts."""
    for language in CATALOGUE.languages:
        texts = set()
        for day, weekday in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
            at = f"2026-01-{12 + (day + 4) % 7:02}T18:00"
            hours = {"opening_hours": {weekday: ["08:00-12:00"]}}
            texts.add(announce(make_profile, at, language, **hours)[1])
        assert len(texts) == 7, language
