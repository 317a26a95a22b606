"""The demo business's profile, documents and page agree."""

import re
from datetime import date

import pytest
import yaml

from infra.local.seed import TENANTS
from infra.local.site.server import STATIC
from workers.chat.retrieval.markdown import split_passages

FOLDER = TENANTS / "studio-lumen"
PROFILE = yaml.safe_load((FOLDER / "profile.yaml").read_text(encoding="utf-8"))
PAGE = (STATIC / "index.html").read_text(encoding="utf-8")
PROFILE_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = {
    "pl": ("poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
CLOSED = {"pl": "nieczynne", "en": "closed"}
FREE = {"pl": "bezpłatnie", "en": "free"}
DOCUMENTS = {
    "pl": {"hours": "hours-and-directions.pl.md", "prices": "prices.pl.md", "services": "services.pl.md"},
    "en": {"hours": "hours-and-directions.en.md", "prices": "prices.en.md", "services": "services.en.md"},
}
EXCEPTIONS = {
    "pl": {date(2026, 12, 24): "Wigilia (24 grudnia)", date(2026, 12, 31): "Sylwester (31 grudnia 2026)"},
    "en": {date(2026, 12, 24): "Christmas Eve (24 December)", date(2026, 12, 31): "New Year's Eve (31 December 2026)"},
}
both_languages = pytest.mark.parametrize("language", ["pl", "en"])


def read(language, kind):
    return (FOLDER / DOCUMENTS[language][kind]).read_text(encoding="utf-8")


def spell(intervals, language):
    """Write opening hours as the documents of a language do: 08:00 is 8:00 in Polish."""
    text = ", ".join(intervals) or CLOSED[language]
    return re.sub(r"\b0(\d:)", r"\1", text) if language == "pl" else text


def price_list(language):
    """Return length and price of each service."""
    rows = re.findall(r"^\| (.+?) \| (\d+) min \| (.+?) \|$", read(language, "prices"), re.MULTILINE)
    return {name: (int(minutes), price) for name, minutes, price in rows}


@both_languages
def test_opening_hours_agree(language):
    """Each day of the week has one line, with the hours of the profile."""
    week = [PROFILE["opening_hours"].get(day, []) for day in PROFILE_DAYS]
    entries = [one.text for one in split_passages("hours", read(language, "hours")) if one.is_entry]

    assert entries[: len(DAYS[language])] == [
        f"{name}: {spell(intervals, language)}" for name, intervals in zip(DAYS[language], week, strict=True)
    ]


@both_languages
def test_exceptions_agree(language):
    """The documents have the days with other hours, and public holidays."""
    text = " ".join(read(language, "hours").split())

    assert {exception["date"] for exception in PROFILE["exceptions"]} == set(EXCEPTIONS[language])
    for exception in PROFILE["exceptions"]:
        name = EXCEPTIONS[language][exception["date"]]
        assert f"{name}: {spell(exception['hours'], language)}." in text
    assert PROFILE["public_holidays"] == "PL"
    assert {"pl": "Święta ustawowo wolne od pracy: nieczynne.", "en": "Public holidays in Poland: closed."}[
        language
    ] in text


@both_languages
def test_services_and_their_lengths_agree(language):
    """The price list and the description have every service of the profile, in its order, with its length."""
    services = [(service["name"][language], service["duration_minutes"]) for service in PROFILE["services"]]
    headings = re.findall(r"^## (.+), (\d+) minut(?:es)?$", read(language, "services"), re.MULTILINE)

    assert [(name, minutes) for name, (minutes, _) in price_list(language).items()] == services
    assert [(name, int(minutes)) for name, minutes in headings] == services


def test_prices_agree():
    """Both languages and the cards of the page have the same prices and lengths."""
    polish, english = price_list("pl"), price_list("en")
    cards = re.findall(r"<h3[^>]*>(.+?)</h3>.*?<b>(.+?)</b><span>(\d+) min</span>", PAGE)

    prices = [price.replace(FREE["pl"], FREE["en"]) for _, price in polish.values()]
    assert prices == [price for _, price in english.values()]
    assert len(cards) == len(polish) - 1, "all but the free call"
    assert {name: (int(minutes), price) for name, price, minutes in cards}.items() <= polish.items()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.name)
def test_a_price_in_a_text_is_in_the_price_list(path):
    """The price of a service in a text is in the price list; packages, vouchers and companies have other prices."""
    language = path.suffixes[0][1:]
    text = " ".join(path.read_text(encoding="utf-8").split())

    for name, (_, price) in price_list(language).items():
        for named in re.findall(rf"{re.escape(name)} \((\d+ zł)\)", text, re.IGNORECASE):
            assert named == price
    for named in re.findall(r"(?:kosztuje|costs) (\d+ zł)", text):
        assert named == price_list(language)[PROFILE["services"][1]["name"][language]][1]


def test_the_hours_on_the_page_agree():
    """The page groups days; every opening time on it is one of the profile's."""
    displayed = re.findall(r"<dd>(\d+:\d\d-\d+:\d\d)</dd>", PAGE)
    intervals = [spell(PROFILE["opening_hours"].get(day, []), "pl") for day in PROFILE_DAYS]

    assert displayed == list(dict.fromkeys(intervals))[:-1]
