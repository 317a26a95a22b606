"""That an owner hears which line of the profile is wrong, and that no text brings the reader down."""

import contextlib
import re
import textwrap
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.tenants.parse import MAX_PROFILE_BYTES, parse_profile

GOOD = textwrap.dedent(
    """\
    # Our salon
    name: Salon Ania
    time_zone: Europe/Warsaw
    calendar_id: calendar
    services:
      - id: massage
        name: {pl: Masaż, en: Massage}
        duration_minutes: 60
      - id: consultation
        name:
          pl: Konsultacja
        duration_minutes: 30
    opening_hours:
      monday: ["09:00-12:00", "13:00-17:00"]
      tuesday:
        - "09:00-12:00"
    limits:
      chat_characters: 500
    """
)


def problem(text):
    with pytest.raises(ConfigurationError) as caught:
        parse_profile(text)
    return str(caught.value)


def test_a_good_profile_is_read():
    """Comments, flow style and block style are all YAML."""
    profile = parse_profile(GOOD)

    assert profile.name == "Salon Ania"
    assert [service.id for service in profile.services] == ["massage", "consultation"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Europe/Warsaw", "Warsaw", "line 3: time_zone: 'Warsaw' is not an IANA time zone such as Europe/Warsaw"),
        ("duration_minutes: 60", "duration_minutes: 7", "line 8: services.0.duration_minutes: must be a multiple of 5"),
        (
            "duration_minutes: 30",
            "duration: 30",
            "line 12: services.1.duration: there is no such field: write `duration_minutes`",
        ),
        ("pl: Konsultacja", "german: Beratung", "line 11: services.1.name.german: 'german' is not the tag of a lang"),
        ('"13:00-17:00"', '"noon"', 'line 14: opening_hours.monday.1: must look like "09:00-17:00"'),
        ('- "09:00-12:00"', "- 9-12", "line 16: opening_hours.tuesday.0: must look like"),
        ("tuesday", "tewsday", "line 15: opening_hours.tewsday: there is no such field: write `tuesday`"),
        ("chat_characters: 500", "chat_characters: lots", "line 18: limits.chat_characters: input should be a valid"),
        ("id: consultation", "id: massage", "line 1: profile: two services have the same id"),
        ("name: Salon Ania\n", "", "line 1: name: field required"),
        ("id: consultation", "title: consultation", "line 9: services.1.id: field required"),
    ],
)
def test_a_problem_is_reported_with_its_line_and_location(old, new, message):
    """The deepest part that the text has; a missing part is reported where it should be."""
    assert message in problem(GOOD.replace(old, new, 1))


def test_several_problems_are_reported_together():
    """Not more than ten, so that the message can be read."""
    two = GOOD.replace("Europe/Warsaw", "Warsaw").replace("duration_minutes: 30", "duration_minutes: 0")
    many = GOOD + "".join(f"field{number}: 1\n" for number in range(30))

    assert problem(two).count("line ") == 2
    assert problem(many).count("line ") == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the profile must be a mapping"),
        ("- a\n- b\n", "line 1: the profile must be a mapping"),
        ("just words", "line 1: the profile must be a mapping"),
        ("null", "line 1: the profile must be a mapping"),
        ("name: a\n\ttime_zone: b\n", "line 2: not valid YAML: "),
        ("name: [a\ntime_zone: b\n", "line 2: not valid YAML: "),
        ("name: a\n  b: c\n", "line 2: not valid YAML: "),
        ("a: *nobody\n", "line 1: not valid YAML: found undefined alias"),
        ("name: a\n---\nname: b\n", "line 2: not valid YAML: "),
        ("a: !!python/object/apply:os.system [echo]\n", "line 1: not valid YAML: "),
        ("name: \x00\n", "line 1: not valid YAML: "),
        ("{a: b}: c\n", "not valid YAML"),
        ("name: a\ndate: 2026-02-30\n", "line 2: not valid YAML: 2026-02-30 is no date of the calendar"),
        ("? [a, b]\n: c\n", "not valid YAML"),
    ],
)
def test_a_text_that_is_no_profile_is_reported_with_its_line(text, message):
    """Tabs, open brackets, two documents, and things that YAML can spell but a profile has no use for."""
    assert message in problem(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]\n"
            for before, one in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "[" * 1_000,
        "{a: " * 20_000,
        "- " * 50_000,
        "a: " + "x" * MAX_PROFILE_BYTES,
        "name: &n [*n, *n]\nservices: *n\nopening_hours: *n\n",
    ],
)
def test_a_bomb_is_refused_like_any_bad_profile(text):
    """References that grow without end, or to themselves, brackets without end, and a file that is too large."""
    assert len(problem(text)) < 3_000


def test_fields_that_would_be_copied_again_and_again_are_refused_before():
    """Thirty lines of `<<` would be more than any memory holds; the error names the line of the first one."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: v}}" for n in range(1, 30)]

    assert re.fullmatch(r"line \d+: write the fields out instead of `<<`", problem("\n".join(lines)))


def test_a_day_may_refer_to_the_hours_of_another():
    """What is named with `*` is shared, which harms nobody."""
    text = GOOD.replace("monday: [", "monday: &usual [").replace("limits:", "  friday: *usual\nlimits:")
    hours = parse_profile(text).opening_hours

    assert hours.friday == hours.monday != ()


@given(
    st.text(max_size=200)
    | st.text("abn:-[]{}&*!|>'\"%@`, \n\t#?1", max_size=80)
    | st.builds(lambda head, tail: GOOD[: head % len(GOOD)] + tail, st.integers(0, 10_000), st.text(max_size=20))
)
def test_no_text_brings_the_reader_down(text):
    """It is a profile, or there is a sentence about it."""
    with contextlib.suppress(ConfigurationError):
        parse_profile(text)


def test_a_service_that_no_transaction_could_hold_is_refused():
    """Where the parts of time are fine and the service long, the owner hears what to change."""
    message = problem(GOOD.replace("duration_minutes: 60", "duration_minutes: 545"))

    assert message.startswith("line 5: service 'massage' blocks 545 minutes")


@pytest.mark.parametrize("value", ["utils", "registry", "country_holidays", "HolidayBase", "POL", "pl", "PL-XX"])
def test_a_country_without_holidays_is_refused_like_any_mistake(value):
    """Whatever else the library may have under that name."""
    with pytest.raises(ConfigurationError, match="public_holidays"):
        parse_profile(GOOD + f"public_holidays: {value}\n")


@pytest.mark.parametrize("value", ['!!int ""', '!!float ""', "!!bool foo", "!!timestamp foo"])
def test_a_tag_that_does_not_fit_is_refused_like_any_mistake(value):
    """The reader stumbles in many ways; the last good profile stays in all of them."""
    with pytest.raises(ConfigurationError, match="not valid YAML"):
        parse_profile(GOOD + f"horizon_days: {value}\n")


def test_a_small_file_cannot_ask_for_much_work():
    """A day has so many periods and a profile so many exceptions, however often a reference repeats them."""
    hours = ", ".join('"00:00-00:05"' for _ in range(25))
    dates = "".join(f"  - {{date: {date(2026, 1, 1) + timedelta(days=n)}}}\n" for n in range(401))
    for more in (f"exceptions:\n  - {{date: 2026-01-01, hours: [{hours}]}}\n", f"exceptions:\n{dates}"):
        with pytest.raises(ConfigurationError, match="at most"):
            parse_profile(GOOD + more)
