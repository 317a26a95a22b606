"""The sender of e-mails: an address or a domain that SES verifies, and the permission to send from it."""

import re
from fnmatch import fnmatchcase

import pytest

from tests.infra.conditions import Deployment
from tests.infra.resources import TEMPLATE
from tests.infra.template import as_list

SENDER = "visits@example.com"
SES = "arn:aws:ses:eu-central-1:123456789012"


def may_send(resource, sender=SENDER, **parameters):
    """Return whether notifications may send an e-mail from `sender` as far as the resource is concerned."""
    [policy] = Deployment(TEMPLATE, SesFromEmail=SENDER, **parameters).properties("NotificationsRole")["Policies"]
    return any(
        any(fnmatchcase(resource, pattern) for pattern in as_list(each["Resource"]))
        and ("Condition" not in each or each["Condition"] == {"StringEquals": {"ses:FromAddress": sender}})
        for each in policy["PolicyDocument"]["Statement"]
        if {"ses:SendEmail", "ses:SendRawEmail"} <= set(as_list(each["Action"]))
    )


@pytest.mark.parametrize(
    ("parameters", "created"),
    [
        ({}, set()),
        ({"SesFromEmail": SENDER}, {"Sender"}),
        ({"SesFromEmail": SENDER, "SesDomain": "example.com"}, {"SenderDomain"}),
        ({"SesFromEmail": SENDER, "CreateSenderIdentity": "false"}, set()),
        ({"SesFromEmail": SENDER, "SesDomain": "example.com", "CreateSenderIdentity": "false"}, set()),
    ],
)
def test_a_domain_is_verified_instead_of_the_address(parameters, created):
    """SES would prefer an address that is verified, too, and would not sign for it; what SES has is not created."""
    assert {"Sender", "SenderDomain"} & set(Deployment(TEMPLATE, **parameters).resources()) == created


def test_neither_identity_is_deleted_with_the_stack_or_by_the_other():
    """A verification takes days; other senders of the account may use the identity."""
    for name in ("Sender", "SenderDomain"):
        assert TEMPLATE["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_domain_signs_and_has_its_own_mail_from():
    """So an e-mail passes DMARC by DKIM and by SPF; while the MX record is missing, it is sent all the same."""
    domain = Deployment(TEMPLATE, SesDomain="example.com", SesMailFromSubdomain="post").properties("SenderDomain")
    assert domain == {
        "EmailIdentity": "example.com",
        "DkimAttributes": {"SigningEnabled": True},
        "DkimSigningAttributes": {"NextSigningKeyLength": "RSA_2048_BIT"},
        "MailFromAttributes": {"MailFromDomain": "post.example.com", "BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
    }


def test_the_records_of_the_domain_are_an_output():
    """Three of DKIM, and two of MAIL FROM."""
    deployment = Deployment(TEMPLATE, SesDomain="example.com")
    assert deployment.output("SesDnsRecords").split("; ") == [
        *(f"SenderDomain.DkimDNSTokenName{n} CNAME SenderDomain.DkimDNSTokenValue{n}" for n in (1, 2, 3)),
        "mail.example.com MX 10 feedback-smtp.eu-central-1.amazonses.com",
        'mail.example.com TXT "v=spf1 include:amazonses.com ~all"',
    ]
    assert Deployment(TEMPLATE).output("SesDnsRecords") is None


def test_e_mails_are_sent_from_the_verified_identity_only():
    """SES checks the identity of the sender and the configuration set."""
    assert may_send(f"{SES}:identity/{SENDER}")
    assert may_send(f"{SES}:configuration-set/Letters")
    assert may_send(f"{SES}:identity/example.com", SesDomain="example.com")
    assert not may_send(f"{SES}:configuration-set/other")


def test_a_recipient_in_the_sandbox_is_an_identity_that_may_be_sent_to():
    """There SES checks the recipient's identity as well; from another sender nothing may be sent."""
    assert may_send(f"{SES}:identity/visitor@example.org")
    assert not may_send(f"{SES}:identity/visitor@example.org", sender="ceo@example.com")


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("", True),
        ("example.com", True),
        ("mail.example.co.uk", True),
        ("*", False),
        ("*.example.com", False),
        ("com", False),
    ],
)
def test_the_domain_is_a_plain_domain_or_nothing(given, accepted):
    """It is a part of an ARN, where a wildcard would allow every sender."""
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["SesDomain"]["AllowedPattern"], given)) is accepted
