"""What Python's search for garbage leaves out."""

import gc
import weakref

import pytest

from shared.garbage import NEW_OBJECTS, spare_what_is_open
from shared.identity import ByIdentity


class Node:
    """An object that refers to itself: only a search finds that nobody else does."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def usual_settings():
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_open_is_never_searched(usual_settings):
    """What was garbage before is gone; what becomes garbage later is still found."""
    before, kept = weakref.ref(Node()), Node()
    spare_what_is_open()

    assert before() is None
    assert kept not in gc.get_objects()
    assert gc.get_threshold()[0] == NEW_OBJECTS
    later = weakref.ref(Node())
    gc.collect()
    assert later() is None


def test_a_key_by_identity_equals_only_one_of_the_same_object():
    """Also of values that can't be hashed, and of equal ones."""
    one, other = [1], [1]

    assert ByIdentity(one) == ByIdentity(one)
    assert hash(ByIdentity(one)) == hash(ByIdentity(one))
    assert ByIdentity(one) not in {ByIdentity(other), one[0]}
