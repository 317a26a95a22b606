"""That each mistake in a profile is named with its own line and what to write instead."""

import pytest

from shared.errors import ConfigurationError
from shared.tenants.parse import parse_profile

PROFILE = """\
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: salon@calendar.example
services:
  - id: massage
    name: {pl: Masaż, en: Massage}
    duration_minutes: 60
opening_hours:
  monday: ["09:00-17:00"]
  sunday: []
horizon_days: 60
exceptions:
  - date: 2026-12-24
"""

NO_FIELD = "there is no such field"
LISTS = "must be a list of periods: write"
SPACES = "indent with spaces, not with tabs"
INDENTATION = "line 10: not valid YAML: expected <block end>, but found '<block mapping start>': check the indentation"


def ask(question):
    """Return the field before which a question of this kind is put."""
    return f"questions: [{{id: a, kind: {question}}}]\n    duration_minutes"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # Values that YAML reads as something else.
        ("horizon_days", "country: NO\nhorizon_days", 'line 11: country: is read as yes or no: write "NO"'),
        ("salon@calendar.example", "0123", 'line 3: calendar_id: is read as a number: write "0123", with quotes'),
        ("Salon Ania", "2026-01-01", 'line 1: name: is read as a date: write "2026-01-01", with quotes'),
        ("Salon Ania", "", "line 1: name: is empty: write a text, or delete the line"),
        ("{pl: Masaż", "{no: Massasje", 'line 6: services.0.name.no: put the name of this field in quotes: "no"'),
        ("horizon_days", "12: x\nhorizon_days", 'line 11: 12: put the name of this field in quotes: "12"'),
        ("name: {pl: Masaż, en: Massage}", "name: {{name}}", "line 6: not valid YAML: found unhashable key"),
        ("horizon_days", "change_deadline_hours: 24 h\nhorizon_days", "11: change_deadline_hours: input should be"),
        ("horizon_days", "change_deadline_hours: -1\nhorizon_days", "input should be greater than or equal to 0"),
        ("horizon_days", "change_deadline: 24\nhorizon_days", "no such field: write `change_deadline_hours`"),
        # A guardrail: field by field.
        ("horizon_days", "model: {guardrail: {id: abc1}}\nhorizon_days", "11: model.guardrail.version: "),
        ("horizon_days", "model: {guardrail: {version: 1}}\nhorizon_days", "line 11: model.guardrail.id: "),
        ("horizon_days", "model: {guardrail: {id: ABC, version: 1}}\nhorizon_days", ".id: write the id"),
        ("horizon_days", "model: {guardrail: {id: '*', version: 1}}\nhorizon_days", ".id: write the id"),
        ("horizon_days", "model: {guardrail: {id: abc, version: 0}}\nhorizon_days", ".version: write the"),
        ("horizon_days", "model: {guardrail: {id: abc, version: v1}}\nhorizon_days", ".version: write the"),
        ("horizon_days", "model: {guardrail: {id: a, version: yes}}\nhorizon_days", ".version: is read as"),
        ("horizon_days", "model: {guardrail: {ident: a}}\nhorizon_days", f"{NO_FIELD}; there are id, version"),
        ("horizon_days", "model: {guardrail: abc1}\nhorizon_days", "line 11: model.guardrail: "),
        # Hours and dates.
        ("sunday: []", "sunday: closed", f"line 10: opening_hours.sunday: {LISTS} [] if it is closed"),
        ("sunday: []", "sunday: off", f"line 10: opening_hours.sunday: {LISTS} [] if it is closed"),
        ("sunday: []", "sunday:", f"line 10: opening_hours.sunday: {LISTS} [] if it is closed"),
        ("sunday: []", "sunday: 09:00-12:00", f'line 10: opening_hours.sunday: {LISTS} ["09:00-12:00"]'),
        ("2026-12-24", "2026-12-24\n    hours: closed", f"line 14: exceptions.0.hours: {LISTS} [] if it is closed"),
        ("2026-12-24", "2026-02-30", "line 13: not valid YAML: 2026-02-30 is no date of the calendar"),
        ("2026-12-24", "'2026-02-30'", "line 13: exceptions.0.date: input should be a valid date or datetime, day"),
        ("2026-12-24", "24.12.2026", "write a date such as 2026-12-24"),
        ("horizon_days", "closed_ranges: {first: 2026-12-24}\nhorizon_days", "must be a list: begin each"),
        ("horizon_days", "closed_ranges: [{from: 2026-12-24}]\nhorizon_days", f"{NO_FIELD}; there are first, last"),
        ("horizon_days", "resources: [{id: a, opening_hours: {sunday: closed}}]\nhorizon_days", f"{LISTS} [] if it is"),
        ("horizon_days", "resources: [{id: a, opening_hours: closed}]\nhorizon_days", "must name days: write"),
        ("horizon_days", 'quiet_hours: "22:00-24:00"\nhorizon_days', "line 11: quiet_hours: has no 24:00: write 00:00"),
        ("horizon_days", "quiet_hours: 22:00\nhorizon_days", 'line 11: quiet_hours: must look like "21:00-08:00"'),
        # Numbers.
        ("duration_minutes: 60", "duration_minutes: 60min", "services.0.duration_minutes: input should be a valid"),
        ("duration_minutes: 60", "duration_minutes: 1h", "write a whole number alone, without a unit"),
        ("horizon_days", "reminder_hours_before: 24\nhorizon_days", "reminder_hours_before: must be a list: write [24"),
        ("horizon_days", "reminder_hours_before: [24, 1d]\nhorizon_days", "write a whole number alone, without a unit"),
        ("horizon_days", "reminder_hours_before: [0.5]\nhorizon_days", "write a whole number alone, without a unit"),
        ("horizon_days", "reminder_hours_before: [0]\nhorizon_days", "reminder_hours_before.0: input should be"),
        ("horizon_days", "reminder_hours_before: [2, 24, 2]\nhorizon_days", "reminder_hours_before: has 2 twice"),
        ("horizon_days", "closed_ranges: 2026-12-24\nhorizon_days", "write [{first: 2026-12-24, last: 2026-12-24}]"),
        ("horizon_days", "closed_ranges: [2026-12-24]\nhorizon_days", "write {first: 2026-12-24, last: 2026-12-24}"),
        (
            "horizon_days",
            "closed_ranges: [2026-12-24 to 2026-12-26]\nhorizon_days",
            "closed_ranges.0: must be a first and a last date: write {first: 2026-12-24, last: 2026-12-26}",
        ),
        # Prices and telephone numbers.
        ("duration_minutes", "price: 120\n    duration_minutes", "services.0.price: must be a text with its currency"),
        ("duration_minutes", "price: 99.50\n    duration_minutes", 'currency, such as "99.50 zł"'),
        ("horizon_days", "phone: 0221234567\nhorizon_days", 'is read as a number: write "0221234567", with quotes'),
        ("horizon_days", "phone: +48221234567\nhorizon_days", 'write "+48221234567", with quotes'),
        ("horizon_days", "phone: ask for Ania\nhorizon_days", "line 11: phone: 'ask for Ania' is not one telephone"),
        # Questions.
        ("duration_minutes", ask("date, label: A"), "services.0.questions.0.kind: input should be 'text', 'choice'"),
        ("duration_minutes", ask("text, min: 1"), "questions.0.min: there is no such field: write `minimum`"),
        ("duration_minutes", ask("text, label: A, choices: []"), "`choices` belongs to a question of kind choice"),
        ("duration_minutes", ask("choice, choices: [a, b]"), "write {id: a, label: a}"),
        ("duration_minutes", ask("text, label: Why?"), "but got '?': put a text that ends with `?` in quotes"),
        ("duration_minutes", ask("text, label: 5"), 'must name its language: write {pl: "5"'),
        ("duration_minutes", ask("text, label: A, id: 5"), 'write "5", with quotes'),
        # Shapes.
        ("{pl: Masaż, en: Massage}", "Massage", 'line 6: services.0.name: must name its language: write {pl: "'),
        ("  - id: massage", "    id: massage", "line 4: services: must be a list: begin each of its items with `- `"),
        ("horizon_days", "allowed_origins: https://a.example\nhorizon_days", 'write ["https://a.example"]'),
        # Unknown fields.
        ("horizon_days", "horizon_day", "line 11: horizon_day: there is no such field: write `horizon_days`"),
        ("horizon_days", "horizon-days", "line 11: horizon-days: there is no such field: write `horizon_days`"),
        ("horizon_days", "Horizon_Days", "there is no such field: write `horizon_days`"),
        ("horizon_days", "\ufeffhorizon_days", "there is no such field: write `horizon_days`"),
        ("horizon_days", "step_minutes: 15\nhorizon_days", f"line 11: step_minutes: {NO_FIELD} here: it belongs"),
        ("horizon_days", "colour: red\nhorizon_days", f"line 11: colour: {NO_FIELD}; there are name, locale"),
        ("duration_minutes", "duration", f"line 7: services.0.duration: {NO_FIELD}: write `duration_minutes`"),
        # Syntax.
        ("    duration_minutes", "\tduration_minutes", SPACES),
        ("  sunday", " sunday", INDENTATION),
        ("Salon Ania", "Salon: Ania", "line 1: not valid YAML: mapping values are not allowed here: check"),
        ("Salon Ania", "@Salon", "line 1: not valid YAML: found character '@' that cannot start any token: put a text"),
        ("Salon Ania", "*Salon*", "put a text that begins with `*`"),
        ("horizon_days: 60", "horizon_days:60", "line 11: not valid YAML: could not find expected ':': write a"),
        ("horizon_days", "---\nhorizon_days", "delete the line `---`"),
        ("Salon Ania", "Salon \x07Ania", "line 1: not valid YAML: delete the invisible character U+0007"),
        ("horizon_days: 60", "horizon_days: 60\nlocale: 'pl", "line 12: not valid YAML: found unexpected end"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_what_to_write(old, new, message):
    """The profile is refused as ever; only the sentence helps."""
    assert old in PROFILE
    with pytest.raises(ConfigurationError) as caught:
        parse_profile(PROFILE.replace(old, new, 1))
    assert message in str(caught.value)


def test_a_long_name_does_not_fill_the_log():
    """A field whose name is a page of text is shortened in the sentence about it."""
    with pytest.raises(ConfigurationError) as caught:
        parse_profile(PROFILE + f"? {'x' * 10_000}\n: 1\n")
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_reported_as_no_profile(text):
    """Also one that holds nothing but a comment or a byte-order mark."""
    with pytest.raises(ConfigurationError, match="line 1: the profile must be a mapping"):
        parse_profile(text)


def test_a_byte_order_mark_at_the_start_is_understood():
    """Editors on Windows write it, and line ends of their own."""
    assert parse_profile("\ufeff" + PROFILE.replace("\n", "\r\n")) == parse_profile(PROFILE)
