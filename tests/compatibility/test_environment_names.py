"""Settings keep their environment variables: deployments and developers' shells set them."""

from pydantic_settings import BaseSettings

from api_gateway_ws.settings import AuthorizerSettings, IngressSettings
from ops.web.settings import WebSettings
from shared.settings import PoolSettings
from tests.compatibility.frozen_names import assert_kept
from workers.booking.settings import BookingSettings
from workers.chat.settings import ChatSettings
from workers.failures.settings import FailuresSettings
from workers.notifications.settings import NotificationsSettings

READERS = {
    "authorizer": AuthorizerSettings,
    "ingress": IngressSettings,
    "pool": PoolSettings,
    "chat": ChatSettings,
    "booking": BookingSettings,
    "notifications": NotificationsSettings,
    "failures": FailuresSettings,
    "desk": WebSettings,
}


def variables(settings: type[BaseSettings]) -> list[str]:
    """Return the variables that a settings class reads."""
    prefix = settings.model_config.get("env_prefix", "")
    fields = settings.model_fields.items()
    return sorted((field.validation_alias or f"{prefix}{name}").upper() for name, field in fields)


def current_names():
    """Return the variables of each deployable."""
    return {name: variables(settings) for name, settings in READERS.items()}


def test_every_variable_is_still_read():
    """A variable that nobody reads any more falls back to its default without a word."""
    assert_kept("environment", current_names(), who_depends="deployments and local environments")
