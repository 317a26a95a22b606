"""Loading the service account's key: invalid keys are reported and never quoted."""

import json

import pytest
from botocore.exceptions import ClientError

from infra.local.google_calendar.keys import create_service_account_key
from shared.aws.secret_cache import Secrets
from shared.errors import PermanentError
from tests.fakes.clock import FakeClock
from workers.booking.adapters.google.credentials import GoogleCredentials


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
def test_an_invalid_key_is_reported_as_not_configured(text):
    """Whatever JSON the secret contains, the message says what to do and does not quote it."""
    credentials = GoogleCredentials(secrets=None, secret_id="chatbot/google-calendar", fallback=text)
    with pytest.raises(PermanentError) as caught:
        credentials.get_credentials()
    assert caught.value.reason == "calendar_not_configured"
    assert "secret" not in str(caught.value).replace("the secret", "")


class Vault:
    """A Secrets Manager with one secret or none."""

    def __init__(self, text):
        self.text = text

    def get_secret_value(self, **_which):
        if self.text is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.text}


@pytest.mark.parametrize("has_secret", [True, False])
def test_the_secret_has_priority_over_the_variable(has_secret):
    """Both may be set; the variable counts only if the secret can't be read."""
    secret, variable = (
        create_service_account_key("http://127.0.0.1/token") | {"client_email": f"{name}@salon.example"}
        for name in ("secret", "variable")
    )
    secrets = Secrets(client=Vault(json.dumps(secret) if has_secret else None), clock=FakeClock())
    credentials = GoogleCredentials(secrets=secrets, secret_id="chatbot/google-calendar", fallback=json.dumps(variable))
    expected = secret if has_secret else variable
    assert credentials.get_credentials().service_account_email == expected["client_email"]


def test_a_corrected_secret_works_at_once():
    """An invalid key is loaded again at the next use, without waiting for a cache to expire."""
    vault = Vault("no JSON")
    secrets = Secrets(client=vault, clock=FakeClock())
    credentials = GoogleCredentials(secrets=secrets, secret_id="chatbot/google-calendar", fallback=None)
    with pytest.raises(PermanentError):
        credentials.get_credentials()
    account = create_service_account_key("http://127.0.0.1/token")
    vault.text = json.dumps(account)
    assert credentials.get_credentials().service_account_email == account["client_email"]
