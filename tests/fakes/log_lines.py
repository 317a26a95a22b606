"""Looks at log lines before they are written."""

from shared.log import current_fields


def add_fields(_logger, _method, event):
    """Put what `log_fields` holds on a captured line: `capture_logs(processors=[add_fields])`."""
    return {**current_fields(), **event}
