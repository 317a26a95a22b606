"""How long a test waits for what must come: long, because a wait that succeeds costs nothing on any machine."""

DEADLINE_SECONDS = 60.0
