"""The words for a profile in the assistant's prompt and in the check of a profile."""

from datetime import date

from shared.tenants.parse import parse_profile
from shared.tenants.profile_facts import describe_question, describe_reminders, describe_week, list_special_dates

PROFILE = """\
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: salon@calendar.example
services:
  - id: massage
    name: {pl: Masaż, en: Massage}
    duration_minutes: 60
    questions:
      - {id: people, kind: number, label: {pl: "Ile osób?", en: "How many?"}, required: yes, minimum: 1, maximum: 4}
      - {id: wishes, kind: text, label: Wishes}
      - {id: first, kind: yes_no, label: "First visit?"}
      - id: area
        kind: choice
        label: "Where?"
        choices: [{id: back, label: {pl: plecy, en: back}}, {id: knee, label: {pl: kolano, en: knee}}]
opening_hours:
  monday: ["09:00-12:00", "13:00-17:00"]
  tuesday: ["09:00-12:00", "13:00-17:00"]
  friday: ["20:00-02:00"]
  saturday: ["10:00-24:00"]
exceptions: [{date: 2026-12-24}, {date: 2026-01-01}, {date: 2026-12-31, hours: ["09:00-13:00"]}]
closed_ranges: [{first: 2026-12-01, last: 2026-12-14}, {first: 2027-03-01, last: 2027-03-02}]
"""


def test_hours_dates_reminders_and_questions_have_words():
    """A vacation that has begun counts, and what is over or beyond the last date does not."""
    profile = parse_profile(PROFILE)
    assert describe_week(profile) == (
        "monday to tuesday 09:00-12:00, 13:00-17:00; wednesday to thursday closed; friday 20:00-02:00; "
        "saturday 10:00-24:00; sunday closed"
    )
    assert list_special_dates(profile, date(2026, 12, 10), date(2027, 2, 28)) == [
        "2026-12-01 to 2026-12-14 closed",
        "2026-12-24 closed",
        "2026-12-31 09:00-13:00",
    ]
    for hours, words in (
        ("[]", "never"),
        ("[2]", "2 hours before a visit"),
        ("[2, 24, 48]", "48, 24 and 2 hours before a visit"),
    ):
        assert describe_reminders(parse_profile(f"{PROFILE}reminder_hours_before: {hours}\n")) == words
    assert [describe_question(one, "en") for one in profile.services[0].questions] == [
        "How many? (a number from 1 to 4, required)",
        "Wishes (a text)",
        "First visit? (yes or no)",
        "Where? (one of: back / knee)",
    ]
    assert describe_question(profile.services[0].questions[0], "pl").startswith("Ile osób? (")
