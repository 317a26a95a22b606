"""The rows about costs keep their keys and attributes: they are read and added to for 400 days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from shared.aws.items import from_item, to_item
from shared.aws.spending import rows
from shared.aws.spending.booking_counts import build_confirmed_item
from shared.messages.server import Usage
from shared.spending.totals import DayTotals, Totals
from shared.spending.values import CallKey, CallResult, Cap, Purpose, Reservation, UsageRecord

NINE = datetime(2026, 1, 13, 9, tzinfo=UTC)
DAY = date(2026, 1, 13)
RESERVATION = Reservation(
    tenant="kept-salon",
    session_id="kept-session",
    key=CallKey("kept-command", 2, 3),
    model_id="kept-model",
    day=DAY,
    nano_dollars=5_000_000,
    reserved_at=NINE,
    expires_at=NINE + timedelta(minutes=15),
    address_key="kept-address",
    purpose=Purpose.SORTING,
)
RESULT = CallResult(
    Usage(input_tokens=10, output_tokens=20, cache_read_tokens=30, cache_write_tokens=40), 1_234, "end_turn", 800
)
RECORD = {
    "tenant": "kept-salon",
    "day": "call#2026-01-13#kept-session#kept-command#2#3",
    "session_id": "kept-session",
    "command_key": "kept-command",
    "attempt": 2,
    "number": 3,
    "model_id": "kept-model",
    "local_day": "2026-01-13",
    "reserved": 5_000_000,
    "reserved_at_ms": 1_768_294_800_000,
    "reserved_until_ms": 1_768_295_700_000,
    "address_key": "kept-address",
    "purpose": "sorting",
    "expires_at": 1_802_854_800,
}
SETTLED = RECORD | {
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_read_tokens": 30,
    "cache_write_tokens": 40,
    "nano_dollars": 1_234,
    "stop_reason": "end_turn",
    "milliseconds": 800,
    "is_estimate": False,
}


def test_a_usage_record_keeps_its_attributes():
    """Open and settled; one of the release before has neither a purpose nor an address."""
    for row, record in ((RECORD, UsageRecord(RESERVATION, None)), (SETTLED, UsageRecord(RESERVATION, RESULT))):
        assert from_item(rows.record_to_item(record.reservation, record.result)) == row
        assert rows.parse_record(to_item(row)) == record
    older = {name: value for name, value in RECORD.items() if name not in {"purpose", "address_key"}}
    assert rows.parse_record(to_item(older)).reservation == replace(RESERVATION, purpose=Purpose.ANSWER, address_key="")


def test_the_sums_of_a_day_keep_their_attributes():
    """One that a row of an older release lacks is 0."""
    totals = Totals(1, 2, 3, 4, 5, 6, 7, 8, 9)
    row = {
        "calls": 1,
        "conversations": 2,
        "estimates": 3,
        "input_tokens": 4,
        "output_tokens": 5,
        "cache_read_tokens": 6,
        "cache_write_tokens": 7,
        "nano_dollars": 8,
        "milliseconds": 9,
    }
    key = {"tenant": "kept-salon", "day": "sum#2026-01-13#kept-model#1"}
    assert rows.totals_to_values(totals) == row
    assert from_item(rows.build_sum_key("kept-salon", DAY, "kept-model#1")) == key
    assert rows.parse_day_totals(to_item(key | row)) == DayTotals("kept-salon", DAY, "kept-model#1", totals)
    assert rows.parse_day_totals(to_item(key | {"calls": 1})).totals == Totals(calls=1)


def test_what_counts_for_caps_keeps_its_keys():
    """Of the conversation, the month and the address, with the part of each day."""
    counters = {from_item(one.key)["day"]: dict(one.attributes) for one in rows.list_counters(RESERVATION)}
    assert counters == {
        "cap#session#kept-session": {"committed": Cap.SESSION, "d2026-01-13": Cap.VISITOR},
        "cap#month#2026-01": {"committed": Cap.MONTH, "d2026-01-13": Cap.DAY},
        "cap#address#2026-01-13#kept-address": {"committed": Cap.ADDRESS},
    }
    assert from_item(rows.build_salt_key("kept-salon", DAY))["day"] == "salt#2026-01-13"
    assert rows.parse_days(to_item({"committed": 5, "d2026-01-13": 3, "d2026-01-14": 2})) == {
        DAY: 3,
        DAY + timedelta(days=1): 2,
    }


def test_the_row_of_a_confirmed_visit_keeps_its_attributes():
    """It is counted by month, and written once however often the visit is confirmed."""
    assert from_item(build_confirmed_item("kept-salon", "kept-visit", day=DAY, now=NINE)) == {
        "quota": "confirmed#kept-salon#2026-01",
        "seat": 69_166_183_222_362_837_503_237_905_396,
        "local_day": "2026-01-13",
        "expires_at": 1_802_854_800,
    }
