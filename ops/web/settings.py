"""What the desk in the browser reads from the environment: where it serves, and who may sign in."""

from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """Variables that begin with `DESK_`, all optional."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="DESK_")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free one."""
    public_url: str | None = None
    """Where browsers reach the desk, if something stands before it; https, but on this machine."""
    time_zone: str = "Europe/Warsaw"

    token: SecretStr | None = Field(default=None, min_length=16)
    """Signs in whoever has it, where no OpenID provider is named; a random one is made where it is missing."""
    tenants: str = ""
    """Of whom the token lets in: the tenants, with spaces between; empty is all."""

    session_key: SecretStr | None = Field(default=None, min_length=32)
    """Signs the session cookies; a random one is made where it is missing, so a restart signs everybody out."""

    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_tenants_claim: str = "custom:tenants"
    oidc_groups_claim: str = "cognito:groups"
    oidc_operators_group: str = "operators"
    """Whoever is in this group sees every tenant."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.time_zone not in available_timezones():
            raise ValueError("DESK_TIME_ZONE is not an IANA time zone such as Europe/Warsaw")
        if self.public_url and not is_safe_address(self.public_url):
            raise ValueError("DESK_PUBLIC_URL has to be https, or http on this machine alone")
        if self.public_url is None and not is_loopback(self.host):
            raise ValueError("DESK_HOST lets other machines in, so DESK_PUBLIC_URL has to say where, with https")
        if self.oidc_issuer and not (is_safe_address(self.oidc_issuer) and self.oidc_client_id):
            raise ValueError("DESK_OIDC_ISSUER has to be https, and DESK_OIDC_CLIENT_ID has to be given")
        return self


def is_safe_address(url: str) -> bool:
    """Whether what is sent to an address can't be read on the way: https, or this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
