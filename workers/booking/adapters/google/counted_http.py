"""Reports each request to Google's API: an operation may need several, and a repeated one counts as well."""

from collections.abc import Callable
from typing import Any

import google_auth_httplib2


class CountedHttp(google_auth_httplib2.AuthorizedHttp):  # type: ignore[misc]  # the library has no types
    """The authorized client, whose requests are counted; those for access tokens have a limit of their own."""

    def __init__(self, credentials: Any, *, http: Any, on_request: Callable[[], None] | None) -> None:
        super().__init__(credentials, http=http)
        self._on_request = on_request

    def request(self, *arguments: Any, **options: Any) -> Any:
        """Send a request; with an expired access token the library calls this again."""
        if self._on_request:
            self._on_request()
        return super().request(*arguments, **options)
