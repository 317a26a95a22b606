"""Posts frames to WebSocket connections through API Gateway's management API."""

from typing import Any

import structlog
from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.errors import PermanentError, TransientError

log = structlog.get_logger()


class ApiGatewayPoster:
    """Posts with `post_to_connection`; no error is raised."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def post(self, connection_id: str, text: str) -> bool:
        """Send one frame; False when the connection is gone. Other errors are logged: the frame is stored."""
        try:
            with translate_aws_errors("websocket.post"):
                try:
                    await self._client.post_to_connection(ConnectionId=connection_id, Data=text.encode())
                except ClientError as error:
                    if _is_gone(error):
                        return False
                    raise
        except (TransientError, PermanentError) as error:
            log.warning("post_failed", connection_id=connection_id, error=str(error))
        return True

    async def close(self, connection_id: str) -> None:
        """Close a connection; errors are logged, as its client is told to go, and API Gateway closes it in the end."""
        try:
            with translate_aws_errors("websocket.close"):
                try:
                    await self._client.delete_connection(ConnectionId=connection_id)
                except ClientError as error:
                    if not _is_gone(error):
                        raise
        except (TransientError, PermanentError) as error:
            log.warning("close_failed", connection_id=connection_id, error=str(error))


def _is_gone(error: ClientError) -> bool:
    return get_error_code(error) in {"GoneException", "410"} or _get_status(error) == 410


def _get_status(error: ClientError) -> int:
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status
