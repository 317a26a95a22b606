"""What some retention times owe to others."""

from datetime import UTC, datetime, timedelta

from annotated_types import Le

from shared import retention
from shared.tenants.profile import TenantProfile

DAY = timedelta(days=1)


def test_a_row_expires_after_its_time_in_whole_seconds():
    """DynamoDB's TTL takes nothing else."""
    at = datetime(2026, 1, 13, 10, 0, 0, 999_999, tzinfo=UTC)
    assert retention.compute_expiry(at, DAY) == int(datetime(2026, 1, 14, 10, tzinfo=UTC).timestamp())


def test_a_commands_record_outlives_its_message():
    """Otherwise a copy that comes late would be processed again."""
    assert retention.PROCESSED_COMMAND_RETENTION >= retention.QUEUED_MESSAGE_RETENTION
    assert retention.STOP_FLAG_RETENTION >= retention.PROCESSED_COMMAND_RETENTION
    assert retention.VISIT_CHANGE_RETENTION >= retention.QUEUED_MESSAGE_RETENTION


def test_a_days_grid_outlives_its_slots():
    """The last slot of a day begins on it and may end on the next."""
    assert retention.DAY_GRID_RETENTION >= 2 * DAY + retention.BUCKET_RETENTION


def test_a_days_cap_counts_until_its_day_is_over():
    """Also on the farthest day that a profile may offer."""
    [farthest] = [each.le for each in TenantProfile.model_fields["horizon_days"].metadata if isinstance(each, Le)]
    assert (farthest + 1) * DAY < retention.DAY_QUOTA_RETENTION
