"""Fixtures of the desk's tests: a desk with everything in memory."""

import pytest

from tests.fakes.desk import DeskWorld


@pytest.fixture
def world():
    return DeskWorld()
