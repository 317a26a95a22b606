"""Settings that the template accepts are accepted by the worker."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.infra.template import load
from workers.notifications.settings import NotificationsSettings

PARAMETERS = load()["Parameters"]


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("", True),
        ("Salon", True),
        ("4Salon7", True),
        ("A2345678901", True),
        ("48600700800", False),
        ("A23456789012", False),
        ("Salon Ania", False),
    ],
)
def test_template_and_worker_accept_the_same_sender_ids(name, accepted):
    """A worker that does not start sends nothing; SNS accepts no sender id of digits alone."""
    parameter = PARAMETERS["SmsSenderId"]
    field = NotificationsSettings.model_fields["sms_sender_id"]
    try:
        TypeAdapter(field.rebuild_annotation()).validate_python(name)
        starts = True
    except ValidationError:
        starts = False

    assert starts is accepted
    fits = len(name) <= parameter["MaxLength"] and bool(re.fullmatch(parameter["AllowedPattern"], name))
    assert fits is accepted
