"""What Google refuses, in our own errors: what passes, what an operator has to mend, and a key that is read anew."""

import httplib2
import pytest
from googleapiclient.errors import HttpError

from shared.errors import PermanentError
from workers.booking.adapters.google_errors import translate_google_errors


class Credentials:
    def __init__(self):
        self.forgotten = 0

    def forget(self):
        self.forgotten += 1


@pytest.mark.parametrize(
    ("status", "reason", "forgotten"),
    [(401, "calendar_access_revoked", 1), (403, "calendar_forbidden", 0), (404, "calendar_unknown", 0)],
)
def test_a_key_that_is_refused_is_read_anew(status, reason, forgotten):
    """So that a repaired one works at once; a calendar that is not shared has nothing to do with the key."""
    credentials = Credentials()
    refused = HttpError(httplib2.Response({"status": status}), b"{}", uri="https://calendar.example")
    with pytest.raises(PermanentError) as caught, translate_google_errors("calendar.get", credentials):
        raise refused
    assert (caught.value.reason, credentials.forgotten) == (reason, forgotten)
