"""How long a test waits for what must come: long, because a wait that succeeds costs nothing on any machine."""

import os

DEADLINE_SECONDS = float(os.environ.get("TEST_DEADLINE_SECONDS", "60"))
"""Shorter only where tests are expected to fail (tests/iam/test_removals.py)."""
