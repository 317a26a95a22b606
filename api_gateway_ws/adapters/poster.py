"""Posts frames to the socket that a frame came from."""

from typing import Any

import structlog
from botocore.exceptions import ClientError

from shared.aws.errors import translate_aws_errors
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()


class ManagementApiPoster:
    """`post_to_connection` of the management API."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def post(self, connection_id: str, text: str) -> bool:
        """Send one frame; False when the connection is gone."""
        try:
            with translate_aws_errors("websocket.post"):
                self._client.post_to_connection(ConnectionId=connection_id, Data=text.encode())
        except (TransientError, PermanentError) as error:
            if not (isinstance(error.__cause__, ClientError) and _is_connection_gone(error.__cause__)):
                raise
            log.info("post_to_nobody")
            return False
        return True


def _is_connection_gone(error: ClientError) -> bool:
    return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 410)
