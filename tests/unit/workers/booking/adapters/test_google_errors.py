"""Translating Google's errors, and loading a refused key again."""

import httplib2
import pytest
from googleapiclient.errors import HttpError

from shared.errors import PermanentError
from workers.booking.adapters.google.errors import translate_google_errors


class Credentials:
    def __init__(self):
        self.forgotten = 0

    def forget(self):
        self.forgotten += 1


@pytest.mark.parametrize(
    ("status", "reason", "forgotten"),
    [(401, "calendar_access_revoked", 1), (403, "calendar_forbidden", 0), (404, "calendar_unknown", 0)],
)
def test_a_refused_key_is_loaded_again(status, reason, forgotten):
    """A corrected key works at once; the error of an unshared calendar does not concern the key."""
    credentials = Credentials()
    refused = HttpError(httplib2.Response({"status": status}), b"{}", uri="https://calendar.example")
    with pytest.raises(PermanentError) as caught, translate_google_errors("calendar.get", credentials):
        raise refused
    assert (caught.value.reason, credentials.forgotten) == (reason, forgotten)
