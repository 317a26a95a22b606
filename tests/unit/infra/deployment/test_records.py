"""The versions that the records of deployments make, and the choice of one."""

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.versions.records import Record, choose_version, list_versions


def record(minute, code):
    return Record(f"2026-11-28T12:{minute:02}:00Z", "0.1.0", "", {"IngressCodeKey": code}, {}, "template")


def test_versions_are_ordered_by_their_first_deployment():
    """A restored version keeps its position, with its newest record."""
    records = [record(1, "a"), record(2, "b"), record(3, "a"), record(4, "c")]
    assert [each.restored["IngressCodeKey"] for each in list_versions(records)] == ["a", "b", "c"]
    assert list_versions(records)[0].time.endswith("12:03:00Z")
    assert choose_version(records, "previous", {"IngressCodeKey": "c"}).restored == {"IngressCodeKey": "b"}


def test_the_newest_record_comes_before_a_deployment_without_one():
    """Another tool, or a release before, has deployed something else."""
    assert choose_version([record(1, "a")], "previous", {"IngressCodeKey": "x"}).restored == {"IngressCodeKey": "a"}


def test_a_release_that_two_versions_have_is_ambiguous():
    with pytest.raises(DeployError, match=r"2 versions match '0\.1\.0'"):
        choose_version([record(1, "a"), record(2, "b")], "0.1.0", {})
