"""That nothing personal gets into a log line, and that each line is one JSON object."""

import contextlib
import json

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.log import configure_logging, mask_personal_data


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("jan@example.com", "[email]"),
        ("mail to jan.nowak+visit@poczta.example.com failed", "mail to [email] failed"),
        ("<jan@example.com>, 'ania@example.com'", "<[email]>, '[email]'"),
        ('{"contact": "jan@example.com"}', '{"contact": "[email]"}'),
        ("zażółć@gęśl.pl", "[email]"),
        ("call +48 600 100 200 now", "call [phone] now"),
        ("+48600100200", "[phone]"),
        ("+1 (555) 010-9999.", "[phone]."),
        ("jan@example.com +48 600 100 200", "[email] [phone]"),
    ],
)
def test_addresses_and_numbers_are_masked(text, masked):
    """Wherever they stand in a text, an exception's above all."""
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-13T10:00:00+01:00",
        "2026-01-13T10:00:00.123456+00:00",
        "arn:aws:sqs:eu-central-1:123456789012:chat.fifo",
        "0123456789abcdefghijklmnopqrstuv",
        "attempt 3 + 4 of 10",
        "user@localhost",
        "@",
        "",
    ],
)
def test_what_is_no_address_and_no_number_stays(text):
    """Instants, names of parts and ids are what a log is read for."""
    assert mask_personal_data(text) == text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_an_address_is_found_between_any_texts(before, after):
    """Masking twice changes nothing more."""
    masked = mask_personal_data(f"{before} jan@example.com {after}")

    assert "jan@example.com" not in masked
    assert mask_personal_data(masked) == masked


@pytest.fixture
def lines(capsys):
    """Configure logging as a deployable does; return a function that reads what it wrote since."""
    with contextlib.ExitStack() as leaving:
        leaving.callback(structlog.reset_defaults)
        configure_logging(level="INFO", component="booking")
        yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_one_object_with_its_component(lines):
    """Static name, level, time and fields, ready to be searched."""
    structlog.get_logger().info("appointment_held", appointment_id="abc", attempt=2)

    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "appointment_held",
        "level": "info",
        "component": "booking",
        "appointment_id": "abc",
        "attempt": 2,
    }


def test_an_exceptions_text_is_masked_and_stays_on_its_line(lines):
    """A vendor's message may repeat what it was given."""
    trouble = ValueError("no mailbox jan@example.com\nor +48 600 100 200")
    structlog.get_logger().error("notice_failed", error="jan@example.com", exc_info=trouble)

    [line] = lines()
    assert (line["event"], line["error"], line["level"]) == ("notice_failed", "[email]", "error")
    assert "ValueError: no mailbox [email]\nor [phone]" in line["exception"]
    assert "jan" not in json.dumps(line)


def test_what_is_below_the_level_is_not_written(lines):
    """Debugging words cost money in production."""
    structlog.get_logger().debug("details")

    assert lines() == []
