"""Pure functions: settings, languages, plots, fields, samples and filters."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from ops.queues.figures import QueueFigures
from ops.web.fields import build_fields, parse_fields
from ops.web.filters import FilterForm
from ops.web.language import CATALOGUE, choose_browser_language
from ops.web.plots import HEIGHT, Series, Tick, list_time_ticks, render_bars, render_lines
from ops.web.rendering import Times
from ops.web.samples import Sample, thin_out_samples
from ops.web.settings import WebSettings, is_safe_address
from shared.ledger.failures import FailureState
from tests.fakes.clock import NOON


@pytest.mark.parametrize(
    ("language", "zone", "text"),
    [
        ("en", "Europe/Warsaw", "12 Jan 2026, 13:00:00 +01:00"),
        ("pl", "Europe/Warsaw", "12 sty 2026, 13:00:00 +01:00"),
        ("en", "UTC", "12 Jan 2026, 12:00:00 +00:00"),
    ],
)
def test_a_precise_time_has_its_zone(language, zone, text):
    """It is compared with logs of machines in other zones."""
    assert Times(CATALOGUE.get_texts(language), ZoneInfo(zone), NOON).format_precise(NOON) == text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("pl", "pl"),
        ("tlh-DE,pl;q=0.3,en;q=0.9", "en"),
        ("en;q=0.1,pl-PL", "pl"),
        ("pl;q=0, en", "en"),
        ("fr;q=nonsense,pl", "pl"),
        ("*", "en"),
        ("," * 50, "en"),
    ],
)
def test_language(header, language):
    """The first preference with a catalogue counts; invalid ones are ignored."""
    assert choose_browser_language(header) == language


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://desk.example.com", True),
        ("http://127.0.0.1:8090", True),
        ("http://[::1]:8090", True),
        ("http://localhost", True),
        ("http://desk.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("ftp://127.0.0.1", False),
        ("desk", False),
    ],
)
def test_safe_addresses(url, is_safe):
    """Cookies and tokens are sent with https, or only within this machine."""
    assert is_safe_address(url) is is_safe


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "0.0.0.0"},
        {"public_url": "http://desk.example.com"},
        {"oidc_issuer": "https://issuer.example.com"},
        {"oidc_issuer": "http://issuer.example.com", "oidc_client_id": "desk"},
        {"token": "short"},
        {"session_key": "short"},
        {"time_zone": "Mars/Olympus"},
    ],
)
def test_unsafe_settings_are_rejected(fields):
    """A desk does not start without encryption for other machines, or with short secrets."""
    with pytest.raises(ValidationError):
        WebSettings(**fields)


def test_secrets_are_not_in_the_repr():
    """So they are not logged."""
    settings = WebSettings(token="a-token-that-nobody-guesses", session_key="k" * 40)
    assert "guesses" not in repr(settings)
    assert "kkk" not in repr(settings)


def test_states_of_the_filter():
    """Without a state open failures are meant; `any` means all states."""
    assert FilterForm.parse({}).build_filter(NOON).states == [FailureState.FAILED, FailureState.FAILED_AGAIN]
    assert FilterForm.parse({"state": "any"}).build_filter(NOON).states is None
    assert FilterForm.parse({"state": "resolved", "age": "1h"}).build_filter(NOON).since == NOON - timedelta(hours=1)
    assert FilterForm.parse({}).build_query() == ""
    assert FilterForm.parse({"text": "a&b"}).build_query(after="x") == "?text=a%26b&after=x"


def test_fields_of_a_form():
    """The form has the editable fields, empty ones last, and its line ends are normalized."""
    data = {"start": "2026", "contact": "a@b.pl", "count": 3, "secret": "x"}
    fields = build_fields(data, {"start", "contact", "count", "note"})
    assert [(field.name, field.text) for field in fields] == [
        ("start", "2026"),
        ("contact", "a@b.pl"),
        ("count", "3"),
        ("note", ""),
    ]
    assert fields[-1].is_long
    assert parse_fields({"note": "a\r\nb"}) == {"note": "a\nb"}


def test_each_answer_is_a_field_of_its_own():
    """A message without answers has no field for them, because it does not name the questions."""
    data = {"service": "x", "answers": {"people": "2", "wishes": "a\nb"}}
    fields = build_fields(data, {"service", "answers"})
    assert [(field.name, field.text) for field in fields] == [
        ("service", "x"),
        ("answers.people", "2"),
        ("answers.wishes", "a\nb"),
    ]
    assert parse_fields({field.name: field.text for field in fields}) == data
    assert build_fields({"service": "x"}, {"service", "answers"}) == fields[:1]


def parse_svg(svg):
    return ET.fromstring(str(svg))  # noqa: S314 - created by the test


def test_bars_are_stacked():
    """Parts of a bar are stacked within the plot, and names are escaped."""
    svg = render_bars("Failures", [("10:00", {"<b>": 3, "other": 5}), ("11:00", {"<b>": 0})], [Tick(0, "10:00")])
    boxes = [(float(box.get("y")), float(box.get("height"))) for box in parse_svg(svg).iter("rect")]
    assert boxes[0][0] == pytest.approx(boxes[1][0] + boxes[1][1], abs=0.2)
    assert all(y >= 0 and y + height <= HEIGHT for y, height in boxes)
    assert "<b>" not in str(svg)
    assert parse_svg(render_bars("Nothing", [], [])) is not None


@pytest.mark.parametrize("top", [0, 1, 4, 5, 9, 10, 99, 1_000, 123_456])
def test_lines_stay_in_the_plot(top):
    """For every maximum; gaps interrupt the line."""
    svg = render_lines("Depth", [Series("booking", [(0, top), (0.5, None), (1, top)])], [])
    [path] = [element for element in parse_svg(svg).iter("path") if "line" in element.get("class")]
    assert path.get("d").count("M") == 2
    heights = [float(part.split()[1]) for part in path.get("d").replace("L", "M").split("M")[1:]]
    assert all(0 <= y <= HEIGHT for y in heights)


def test_ticks():
    """Marks are evenly spaced; for more than a day they have a date."""
    first = datetime(2026, 1, 12, tzinfo=UTC)
    assert [tick.label for tick in list_time_ticks(first, first + timedelta(hours=4), max_ticks=2)] == [
        "00:00",
        "02:00",
        "04:00",
    ]
    assert list_time_ticks(first, first + timedelta(days=2), max_ticks=1)[0].label == "12.01 00:00"
    assert list_time_ticks(first, first) == []


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (10, ["16:02"]),
        (59, ["16:02"]),
        (60, ["16:02", "16:03"]),
        (150, ["16:02", "16:04", "16:05"]),
        (239, ["16:02", "16:04", "16:05", "16:06"]),
        (240, ["16:02", "16:03", "16:04", "16:05", "16:06"]),
    ],
)
def test_ticks_have_different_labels(seconds, labels):
    """A desk that was just started has a plot of a few minutes."""
    first = datetime(2026, 1, 12, 16, 2, 50, tzinfo=UTC)
    assert [tick.label for tick in list_time_ticks(first, first + timedelta(seconds=seconds), max_ticks=4)] == labels


def test_ticks_at_the_end_of_daylight_saving_time():
    """Forty minutes pass while the local time goes back twenty."""
    zone = ZoneInfo("Europe/Warsaw")
    first = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    ticks = list_time_ticks(first.astimezone(zone), (first + timedelta(minutes=40)).astimezone(zone), max_ticks=2)
    assert [tick.label for tick in ticks] == ["02:40", "02:00", "02:20"]


def test_samples_are_thinned_out():
    """Few samples are kept; of many, evenly spaced ones with the last."""
    samples = [Sample(NOON + timedelta(seconds=10 * n), [QueueFigures("chat", n, 0, 0, None)]) for n in range(1000)]
    assert thin_out_samples(samples[:5], 10) == samples[:5]
    few = thin_out_samples(samples, 100)
    assert (len(few), few[-1]) == (100, samples[-1])
