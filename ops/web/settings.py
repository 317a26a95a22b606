"""The settings of the desk in the browser: where it listens, and who may sign in."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops.tokens.desk_tokens import check_name
from ops.web.client_address import parse_networks


def _check_networks(text: str) -> str:
    parse_networks(text)
    return text


class WebSettings(BaseSettings):
    """Environment variables that begin with `DESK_`; all are optional."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="DESK_")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free port."""
    public_url: str | None = None
    """The address for browsers, if the desk is behind a proxy; https unless it is on this machine."""
    time_zone: str = "Europe/Warsaw"

    trusted_proxies: Annotated[str, AfterValidator(_check_networks)] = ""
    """Networks of proxies, separated by spaces, whose `X-Forwarded-For` is believed; none by default."""
    request_seconds: float = Field(default=15, gt=0, le=300)
    """How long a client may take to send a request."""

    token: SecretStr | None = Field(default=None, min_length=16)
    """A token that several people may have, if no OpenID provider is configured; by default a random one."""
    operator_name: Annotated[str, AfterValidator(check_name)] | None = None
    """The name of everybody who signs in with it."""
    tenants: str = ""
    """The tenants that the token gives access to, separated by spaces; empty means all."""

    session_key: SecretStr | None = Field(default=None, min_length=32)
    """The key that signs session cookies; by default a random one, so that a restart ends all sessions."""

    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_tenants_claim: str = "custom:tenants"
    oidc_groups_claim: str = "cognito:groups"
    oidc_operators_group: str = "operators"
    """Members of this group see all tenants."""

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if not is_time_zone(self.time_zone):
            raise ValueError("DESK_TIME_ZONE is not an IANA time zone such as Europe/Warsaw")
        if self.public_url and not is_safe_address(self.public_url):
            raise ValueError("DESK_PUBLIC_URL has to be https, or http on this machine only")
        if self.public_url is None and not is_loopback(self.host):
            raise ValueError("DESK_HOST accepts other machines, so DESK_PUBLIC_URL is required, with https")
        if self.oidc_issuer and not (is_safe_address(self.oidc_issuer) and self.oidc_client_id):
            raise ValueError("DESK_OIDC_ISSUER has to be https, and DESK_OIDC_CLIENT_ID is required")
        return self


def is_time_zone(name: str) -> bool:
    """Return whether it is a name of the IANA database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def is_safe_address(url: str) -> bool:
    """Return whether requests to an address are protected: https, or on this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback address of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
