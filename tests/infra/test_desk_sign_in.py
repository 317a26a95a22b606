"""Who may sit at the desk, as the template has it: what makes an account of a stranger's, or more of an owner's."""

import re

import pytest

from infra.deploy import settings as as_settings
from ops.web.open_id import RETURN, SCOPE
from ops.web.settings import WebSettings
from tests.infra.template import load, of_type

TEMPLATE = load()
DEFAULTS = WebSettings.model_fields
COGNITO = {name: each for name, each in TEMPLATE["Resources"].items() if each["Type"].startswith("AWS::Cognito::")}
CLIENTS = of_type(TEMPLATE, "AWS::Cognito::UserPoolClient")


def pool():
    return TEMPLATE["Resources"]["DeskUsers"]["Properties"]


def client():
    return TEMPLATE["Resources"]["DeskClient"]["Properties"]


def test_by_default_there_are_no_accounts():
    """Everything that makes some stands under one condition, and that under a parameter that is empty."""
    assert len(COGNITO) == 4
    assert {each["Condition"] for each in COGNITO.values()} == {"SignsInToTheDesk"}
    outputs = [each["Condition"] for name, each in TEMPLATE["Outputs"].items() if name.startswith("Desk")]
    assert set(outputs) == {"SignsInToTheDesk"}
    assert TEMPLATE["Conditions"]["SignsInToTheDesk"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "DeskDomainPrefix"}, ""]}]
    }
    assert {TEMPLATE["Parameters"][name]["Default"] for name in ("DeskDomainPrefix", "DeskPublicUrl")} == {""}


def test_nobody_makes_an_account_for_themselves():
    """There is one client, and accounts come from whoever runs the stack."""
    assert pool()["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert set(CLIENTS) == {"DeskClient"}
    assert client()["SupportedIdentityProviders"] == ["COGNITO"]


def test_nobody_gives_themselves_a_business():
    """The attribute that the desk goes by is in the token, and nowhere among those that the client may write.

    A client that names none may write every standard attribute; one that names nothing but this one is sure.
    """
    claim = DEFAULTS["oidc_tenants_claim"].default
    assert [f"custom:{each['Name']}" for each in pool()["Schema"]] == [claim]
    assert claim in client()["ReadAttributes"]
    assert client()["WriteAttributes"] == ["name"]
    assert "name" not in {claim, DEFAULTS["oidc_groups_claim"].default, "email", "sub", "cognito:username"}


def test_no_token_lets_people_change_themselves():
    """The scope that does is neither asked for nor to be had by a password, past the page."""
    assert sorted(client()["AllowedOAuthScopes"]) == sorted(SCOPE.split())
    assert "aws.cognito.signin.user.admin" not in client()["AllowedOAuthScopes"]
    assert client()["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_a_code_is_the_only_way_to_a_token():
    """Never a token in an address; and without a secret it is PKCE that ties the code to whoever asked."""
    assert client()["AllowedOAuthFlowsUserPoolClient"] is True
    assert client()["AllowedOAuthFlows"] == ["code"]
    assert client()["GenerateSecret"] is False
    assert client()["CallbackURLs"] == [{"Fn::Sub": "${DeskPublicUrl}" + RETURN}]


def test_tokens_are_short_lived():
    """The desk reads one once; what is lost is worth little, and for minutes."""
    assert client()["TokenValidityUnits"] == dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes")
    assert (client()["AccessTokenValidity"], client()["IdTokenValidity"], client()["RefreshTokenValidity"]) == (
        5,
        5,
        60,
    )
    assert client()["EnableTokenRevocation"] is True


def test_a_password_is_not_enough_and_names_are_not_told():
    """A second factor for everybody, by an app; who has an account is no stranger's to find out."""
    assert (pool()["MfaConfiguration"], pool()["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert client()["PreventUserExistenceErrors"] == "ENABLED"
    assert pool()["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def test_an_address_is_its_owners():
    """It names people in the story of what they do, so a new one counts once it was checked."""
    assert pool()["AutoVerifiedAttributes"] == ["email"]
    assert pool()["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert {"email", "email_verified"} <= set(client()["ReadAttributes"])


def test_operators_are_those_whom_the_desk_takes_for_them():
    """The group has the name that the desk looks for."""
    [group] = of_type(TEMPLATE, "AWS::Cognito::UserPoolGroup").values()
    assert group["Properties"]["GroupName"] == DEFAULTS["oidc_operators_group"].default


def test_accounts_outlive_the_stack():
    """A parameter that is left out by mistake costs nobody their account."""
    users = TEMPLATE["Resources"]["DeskUsers"]
    assert (users["DeletionPolicy"], users["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_what_the_desk_needs_is_in_the_outputs():
    """Under the names of its variables: what a deployment prints can be exported as it is."""
    printed = as_settings(dict.fromkeys(TEMPLATE["Outputs"], "x"))
    assert {"DESK_OIDC_ISSUER", "DESK_OIDC_CLIENT_ID", "DESK_PUBLIC_URL", "DESK_USER_POOL_ID"} <= set(printed)
    issuer = TEMPLATE["Outputs"]["DeskOidcIssuer"]["Value"]
    assert issuer == {"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${DeskUsers}"}


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("", True),
        ("https://desk.example.com", True),
        ("https://desk.example.com:8443", True),
        ("http://localhost:8090", True),
        ("http://desk.example.com", False),
        ("http://127.0.0.1:8090", False),
        ("https://desk.example.com/", False),
        ("https://desk.example.com/sign-in/return", False),
        ("https://*.example.com", False),
        ("https://desk.example.com,https://evil.example", False),
        ("myapp://desk", False),
    ],
)
def test_people_are_sent_back_to_one_safe_address(given, accepted):
    """Https, or this machine under the one name that Cognito knows; the desk itself takes it as `DESK_PUBLIC_URL`."""
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["DeskPublicUrl"]["AllowedPattern"], given)) is accepted
    if accepted and given:
        assert WebSettings(public_url=given).public_url == given
