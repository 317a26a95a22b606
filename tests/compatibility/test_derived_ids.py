"""Effects keep their ids: a command that is repeated after an upgrade finds its earlier effects."""

import json

from tests.compatibility.derived import derived_ids
from tests.compatibility.frozen_names import assert_kept


async def test_every_effect_keeps_its_id():
    """Appointments, events, notices, schedules, commands that the backend gives itself, and claims."""
    current = json.loads(json.dumps(await derived_ids()))
    assert_kept("derived_ids", current, who_depends="effects that must happen once")
