"""Finds the CalDAV account of a calendar in the secret that lists them."""

import asyncio
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, RootModel, SecretStr, ValidationError
from yarl import URL

from shared.aws.secret_cache import Secrets
from shared.errors import ConfigurationError
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError


class _StoredAccount(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str
    password: SecretStr


def _check_url(text: str) -> str:
    URL(text).origin()  # raises ValueError for what names no server
    return text


class _StoredAccounts(RootModel[dict[Annotated[str, AfterValidator(_check_url)], _StoredAccount]]):
    """The secret: each account under the URL that its calendars begin with."""


class Account(NamedTuple):
    """User name and password of one account on a server."""

    username: str
    password: SecretStr


class CalDavAccounts:
    """Reads the accounts from a secret, which is cached and read again after an account was refused."""

    def __init__(self, *, secrets: Secrets | None, secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id

    async def find_account(self, calendar: URL) -> Account:
        """Return the account with the longest URL that the calendar's URL begins with.

        An account is never used for another server, or for other folders of its server.

        Raises:
            UnusableCalendarError: `ACCOUNT_MISSING`; the message says what to set.
            TransientError: Secrets Manager can't be reached.
        """
        accounts = await asyncio.to_thread(self._read_accounts)
        matching = [prefix for prefix in accounts if _is_below(calendar, URL(prefix))]
        if not matching:
            self.forget()  # so that an added account works at once
            raise UnusableCalendarError(
                CalendarProblem.ACCOUNT_MISSING,
                f"no account for a calendar at {calendar.host}: add its URL to the secret {self._secret_id!r}",
            )
        stored = accounts[max(matching, key=len)]
        return Account(stored.username, stored.password)

    def forget(self) -> None:
        """Read the secret again at the next use."""
        if self._secrets:
            self._secrets.forget(self._secret_id)

    def _read_accounts(self) -> dict[str, _StoredAccount]:
        if not self._secrets or not self._secret_id:
            raise UnusableCalendarError(
                CalendarProblem.ACCOUNT_MISSING, "no CalDAV accounts: name their secret in CalDavSecretName"
            )
        try:
            return _StoredAccounts.model_validate_json(self._secrets.get_text(self._secret_id)).root
        except ConfigurationError as error:
            raise UnusableCalendarError(CalendarProblem.ACCOUNT_MISSING, str(error)) from error
        except ValidationError:
            # The error's text is left out, also as the cause: it contains the secret.
            self.forget()
            raise UnusableCalendarError(
                CalendarProblem.ACCOUNT_MISSING,
                f"the secret {self._secret_id!r} is not an object of URLs with username and password",
            ) from None


def _is_below(calendar: URL, prefix: URL) -> bool:
    folder = prefix.path.rstrip("/") + "/"
    return calendar.origin() == prefix.origin() and (calendar.path.rstrip("/") + "/").startswith(folder)
