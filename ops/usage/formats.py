"""Reports about costs as CSV and as rows for JSON; the names of the columns are stable."""

import csv
import io
from typing import Any

from ops.usage.values import UsageReport
from shared.spending.totals import DayTotals, Totals
from shared.spending.values import NANO_PER_DOLLAR

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""


def format_dollars(nano_dollars: float, *, digits: int = 4) -> str:
    """Return an amount, rounded."""
    return f"${nano_dollars / NANO_PER_DOLLAR:,.{digits}f}"


def format_exact_dollars(nano_dollars: int) -> str:
    """Return an amount to the nano-dollar, as a decimal number."""
    dollars, rest = divmod(abs(nano_dollars), NANO_PER_DOLLAR)
    return f"{'-' if nano_dollars < 0 else ''}{dollars}.{rest:09}"


def compute_per_conversation(totals: Totals) -> int | None:
    """Return the nano-dollars of a conversation on average, rounded; None without conversations."""
    return round(totals.nano_dollars / totals.conversations) if totals.conversations else None


def compute_per_booking(report: UsageReport) -> int | None:
    """Return the nano-dollars for each visit that was confirmed in the period, rounded; None without visits."""
    return round(report.total.nano_dollars / report.booking_count) if report.booking_count else None


def report_to_row(report: UsageReport) -> dict[str, Any]:
    """Return everything of a report."""
    return {
        "tenant": report.tenant,
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "total": _totals_to_row(report.total),
        "committed_nano_dollars": {cap.value: amount for cap, amount in report.committed.items()},
        "cap_nano_dollars": {cap.value: amount for cap, amount in report.caps.items()},
        "text_messages_nano_dollars": report.text_messages,
        "bookings": report.booking_count,
        "bookings_by_day": {day.isoformat(): count for day, count in report.bookings.items()},
        "nano_dollars_per_booking": compute_per_booking(report),
        "rows": [_day_to_row(row) for row in report.rows],
    }


def render_csv(report: UsageReport) -> str:
    """Return one line for each day and model, below a line with the names."""
    text = io.StringIO()
    rows = [_day_to_row(row) for row in report.rows]
    names = list(_day_to_row(DayTotals(report.tenant, report.first, "", Totals())))
    writer = csv.DictWriter(text, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _escape_formula(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _day_to_row(row: DayTotals) -> dict[str, Any]:
    return {"tenant": row.tenant, "day": row.day.isoformat(), "model": row.model_id, **_totals_to_row(row.totals)}


def _totals_to_row(totals: Totals) -> dict[str, Any]:
    share = totals.cache_share
    return {
        "calls": totals.calls,
        "conversations": totals.conversations,
        "estimates": totals.estimates,
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
        "cache_read_tokens": totals.cache_read_tokens,
        "cache_write_tokens": totals.cache_write_tokens,
        "cache_share": None if share is None else round(share, 4),
        "nano_dollars": totals.nano_dollars,
        "dollars": format_exact_dollars(totals.nano_dollars),
        "nano_dollars_per_conversation": compute_per_conversation(totals),
        "average_milliseconds": round(totals.milliseconds / totals.calls) if totals.calls else None,
    }


def _escape_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
