"""The sizes of the wire protocol; `welcome.limits` has those that a client needs."""

PROTOCOL_VERSION = 1

MAX_FRAME_BYTES = 24 * 1024
"""Largest frame, UTF-8 encoded, in either direction.

API Gateway closes the connection on frames over 32 KB
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html),
so this limit is lower, and a larger frame is answered with `TOO_LARGE`.
"""

MAX_CHAT_CHARACTERS = 4_000
MAX_CLIENT_ID_CHARACTERS = 64
MAX_AUTHOR_CHARACTERS = 60
MAX_CONTACT_CHARACTERS = 254
MAX_NAME_CHARACTERS = 120
MAX_NOTE_CHARACTERS = 1_000
MAX_ANSWERS = 10
MAX_ANSWER_CHARACTERS = 500
MAX_PROOF_CHARACTERS = 2_048
"""Twice the length of a proof that the library for it writes."""

MAX_SEQ = 2**53 - 1
"""The largest integer that every JSON parser keeps exactly."""

MAX_REPLAYS = 1_000_000
"""More than anyone needs; it keeps the number in a queued message within the range of the tables."""
