"""What the tests of the desk share: a desk with everything in memory."""

import pytest

from tests.fakes.desk import DeskWorld


@pytest.fixture
def world():
    return DeskWorld()
