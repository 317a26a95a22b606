"""A key that cannot be a service account's says so, and is never quoted."""

import json

import pytest
from botocore.exceptions import ClientError

from infra.local.google_calendar.keys import make_service_account
from shared.aws.secrets import Secrets
from shared.errors import PermanentError
from tests.fakes.clock import FakeClock
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


class Vault:
    """Secrets Manager with one secret in it, or none."""

    def __init__(self, text):
        self.text = text

    def get_secret_value(self, **_which):
        if self.text is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.text}


@pytest.mark.parametrize("has_secret", [True, False])
def test_the_secret_comes_first_and_the_variable_stands_in_for_it(has_secret):
    """An account may have both; the variable counts only where the secret can't be read."""
    secret, variable = (
        make_service_account("http://127.0.0.1/token") | {"client_email": f"{name}@salon.example"}
        for name in ("secret", "variable")
    )
    secrets = Secrets(client=Vault(json.dumps(secret) if has_secret else None), clock=FakeClock())
    credentials = GoogleCredentials(secrets=secrets, secret_id="chatbot/google-calendar", fallback=json.dumps(variable))
    expected = secret if has_secret else variable
    assert credentials.current().service_account_email == expected["client_email"]


def test_a_secret_that_is_mended_works_at_once():
    """What was no key is read anew at the next use, without waiting for any cache."""
    vault = Vault("no JSON")
    secrets = Secrets(client=vault, clock=FakeClock())
    credentials = GoogleCredentials(secrets=secrets, secret_id="chatbot/google-calendar", fallback=None)
    with pytest.raises(PermanentError):
        credentials.current()
    account = make_service_account("http://127.0.0.1/token")
    vault.text = json.dumps(account)
    assert credentials.current().service_account_email == account["client_email"]
