"""Reads dates that a model has written."""

import re
from datetime import date

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_date(value: object) -> date | None:
    """Return the date of a text of the form YYYY-MM-DD; None of everything else."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
