"""The table of counted calls: what counts as a difference, and that it survives being written."""

import pytest

from infra.cost.calls import CallTable, read_calls
from infra.cost.comparison import describe_differences, describe_prices
from infra.cost.prices import read_prices

TABLE = CallTable(
    {
        "answer": {
            "dynamodb GetItem usage": {"calls": 1, "read_units": 0.5},
            "lambda Invoke chat": {"calls": 1, "log_bytes": 1811},
        }
    },
    ("InFlight",),
)


def test_the_same_calls_differ_in_nothing(tmp_path):
    """Also after the table was written, with rounded log bytes."""
    TABLE.write(tmp_path / "calls.json")
    written = read_calls(tmp_path / "calls.json")
    assert describe_differences(written, TABLE) == []
    assert written.steps["answer"]["lambda Invoke chat"]["log_bytes"] == 1800


def test_each_added_and_each_missing_call_is_named():
    """With both numbers, so that the reader knows which way it went."""
    counted = CallTable(
        {
            "answer": {
                "dynamodb GetItem usage": {"calls": 2, "read_units": 1},
                "sqs SendMessage chat.fifo": {"calls": 1},
            }
        },
        ("Lag",),
    )
    assert describe_differences(TABLE, counted) == [
        "answer: dynamodb GetItem usage: 1 calls, 0.5 read units in the table, 2 calls, 1 read units now",
        "answer: lambda Invoke chat: 1 calls in the table, none now",
        "answer: sqs SendMessage chat.fifo: none in the table, 1 calls now",
        "metric InFlight: in the table only",
        "metric Lag: not in the table",
    ]


def test_the_price_of_a_difference_is_named():
    """Per thousand, as on the page: a thousand more messages of a FIFO queue are three thousand requests."""
    step = {"sqs SendMessage chat.fifo": {"calls": 1}, "lambda Invoke chat": {"calls": 1, "log_bytes": 1800}}
    expected = CallTable({"booking": step, "cancellation": {}}, ())
    more = {**step, "sqs SendMessage chat.fifo": {"calls": 2}, "lambda Invoke chat": {"calls": 1, "log_bytes": 2000}}
    [line] = describe_prices(expected, CallTable({"booking": more, "cancellation": {}}, ()), read_prices())
    before, now = (float(part.split()[0]) for part in line.split("$")[1:])
    assert line.startswith("1 000 times booking: ")
    assert now - before == pytest.approx(0.0015, abs=0.0003)
