"""That nothing personal gets into a log line, and that each line is one JSON object."""

import asyncio
import contextlib
import json
from datetime import datetime, timedelta

import pytest
import structlog

from shared.errors import PermanentError, TransientError
from shared.log import configure_logging, log_fields


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
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta(0)
    assert line == {
        "event": "appointment_held",
        "level": "info",
        "component": "booking",
        "appointment_id": "abc",
        "attempt": 2,
    }


def raised_by(*causes):
    """Return an error with its causes, the first one outermost."""
    error = None
    for cause in reversed(causes):
        try:
            raise cause from error  # noqa: TRY301 - that is what is wanted
        except Exception as raised:  # noqa: BLE001 - any
            error = raised
    return error


def test_a_traceback_says_where_and_not_what(lines):
    """A library's message may repeat a visitor's words; our own do not, and are included."""
    error = raised_by(
        TransientError("sqs.receive: no mailbox jan@example.com"),
        KeyError("my name is Jane Roe, diabetes"),
        ExceptionGroup("tasks of Jane Roe", [ValueError("Jane Roe again"), PermanentError("calendar_unknown")]),
    )
    structlog.get_logger().error("notice_failed", error="jan@example.com", exc_info=error)

    [line] = lines()
    assert (line["event"], line["error"], line["level"]) == ("notice_failed", "[email]", "error")
    traceback_text = line["exception"]
    assert traceback_text.endswith("TransientError: sqs.receive: no mailbox [email]")
    assert "\nwhich led to\n" in traceback_text
    assert "KeyError" in traceback_text
    assert "ExceptionGroup of ValueError, PermanentError: calendar_unknown" in traceback_text
    assert "in raised_by" in traceback_text
    assert "Jane" not in json.dumps(line)


def test_what_is_below_the_level_is_not_written(lines):
    """Debugging words cost money in production."""
    structlog.get_logger().debug("details")

    assert lines() == []


def test_fields_are_on_every_line_inside(lines):
    """Those that become known on the way from then on; afterwards none of them."""
    log = structlog.get_logger()
    with log_fields(message_id="m1", tenant=None) as fields:
        log.info("begun")
        fields["tenant"] = "salon"
        log.info("known")
    log.info("after")

    begun, known, after = lines()
    assert (begun["message_id"], known["message_id"], known["tenant"]) == ("m1", "m1", "salon")
    assert "tenant" not in begun, "None says nothing"
    assert not {"message_id", "tenant"} & after.keys()


def test_a_lines_own_field_counts_more(lines):
    """What is said of all lines is the background."""
    with log_fields(attempt=1):
        structlog.get_logger().info("retried", attempt=2)

    [line] = lines()
    assert line["attempt"] == 2


def test_fields_end_with_a_failure(lines):
    """The next delivery is not logged as the one before."""
    with pytest.raises(ValueError, match="bug"), log_fields(message_id="m1"):
        raise ValueError("bug")
    structlog.get_logger().info("next")

    [line] = lines()
    assert "message_id" not in line


async def test_deliveries_side_by_side_have_each_their_own(lines):
    """Also in the tasks that they start."""

    async def delivery(message_id):
        with log_fields(message_id=message_id):
            await asyncio.sleep(0)
            await asyncio.create_task(log_in_task(message_id))

    async def log_in_task(message_id):
        await asyncio.sleep(0)
        structlog.get_logger().info("worked", wanted=message_id)

    await asyncio.gather(*(delivery(f"m{number}") for number in range(5)))

    written = lines()
    assert len(written) == 5
    assert all(line["message_id"] == line["wanted"] for line in written)


def test_fields_are_masked_like_any_other(lines):
    """Wherever a text comes from, and whatever its characters."""
    with log_fields(sender="jan@example.com"):
        structlog.get_logger().warning("odd", number="+48 600 100 200", cause=ValueError("no ania@example.com"))

    [line] = lines()
    assert (line["sender"], line["number"], line["cause"]) == ("[email]", "[phone]", "ValueError('no [email]')")


def test_a_value_that_json_lacks_is_logged(lines):
    """A log call never raises because of what it was given."""
    structlog.get_logger().info("odd", thing=object, codes={3}, at=None, nested={"queue": ["chat.fifo", 1.5, True]})

    [line] = lines()
    assert line["thing"] == "<class 'object'>"
    assert line["codes"] == [3]
    assert "at" not in line
    assert line["nested"] == {"queue": ["chat.fifo", 1.5, True]}


@pytest.mark.parametrize("value", ["half a \ud83d letter", b"\xff"], ids=["lone surrogate", "no UTF-8"])
def test_no_text_breaks_a_line(lines, value):
    """What a visitor wrote may be in the text of an exception."""
    structlog.get_logger().info("odd", value=value)

    [line] = lines()
    assert line["event"] == "odd"


def test_characters_of_any_language_stay_readable(lines):
    """As themselves, and a line break within its line."""
    structlog.get_logger().info("odd", value="zażółć\nгусь 💇")

    [line] = lines()
    assert line["value"] == "zażółć\nгусь 💇"
