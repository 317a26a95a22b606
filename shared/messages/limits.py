"""The sizes that the wire protocol promises; `welcome.limits` says them to the client."""

PROTOCOL_VERSION = 1

MAX_FRAME_BYTES = 24 * 1024
"""Largest frame, UTF-8 encoded, in either direction.

API Gateway closes the connection on frames over 32 KB
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html),
so ours is lower and answered with a clear `TOO_LARGE`.
"""

MAX_CHAT_CHARACTERS = 4_000
MAX_CLIENT_ID_CHARACTERS = 64
MAX_CONTACT_CHARACTERS = 254
MAX_NAME_CHARACTERS = 120
MAX_NOTE_CHARACTERS = 1_000
MAX_SEQ = 2**53 - 1
"""The largest whole number that every JSON reader keeps as it is."""

MAX_REPLAYS = 1_000_000
"""More often than anybody asks for; it keeps what a queued message claims within what the tables take."""
