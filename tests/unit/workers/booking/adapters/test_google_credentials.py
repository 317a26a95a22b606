"""A key that cannot be a service account's says so, and is never quoted."""

import pytest

from shared.errors import PermanentError
from workers.booking.adapters.google_credentials import GoogleCredentials


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "null",
        '"a word"',
        "[1]",
        "5",
        "{}",
        '{"client_email": "a@b.example", "token_uri": "https://b.example", "private_key": "secret"}',
        '{"client_email": "a@b.example", "token_uri": "https://b.example", "private_key": 5}',
        '{"client_email": 5, "token_uri": 7, "private_key": null}',
    ],
)
def test_what_is_no_service_account_is_not_configured(text):
    """Whatever JSON stands there; the operator is told what to do, and nobody what the text was."""
    credentials = GoogleCredentials(secrets=None, secret_id="chatbot/google-calendar", fallback=text)
    with pytest.raises(PermanentError) as caught:
        credentials.current()
    assert caught.value.reason == "calendar_not_configured"
    assert "secret" not in str(caught.value).replace("the secret", "")
