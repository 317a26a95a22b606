"""The accounts of the desk in the template: nobody creates an account or extends its permissions."""

import re

import pytest

from infra.deploy import outputs_to_settings as as_settings
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
    """All resources of the accounts have one condition, which depends on a parameter that is empty by default."""
    assert len(COGNITO) == 4
    assert {each["Condition"] for each in COGNITO.values()} == {"SignsInToTheDesk"}
    outputs = [each["Condition"] for name, each in TEMPLATE["Outputs"].items() if name.startswith("Desk")]
    assert set(outputs) == {"SignsInToTheDesk"}
    assert TEMPLATE["Conditions"]["SignsInToTheDesk"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "DeskDomainPrefix"}, ""]}]
    }
    assert {TEMPLATE["Parameters"][name]["Default"] for name in ("DeskDomainPrefix", "DeskPublicUrl")} == {""}


def test_nobody_can_sign_up():
    """There is one client, and only an administrator creates accounts."""
    assert pool()["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert set(CLIENTS) == {"DeskClient"}
    assert client()["SupportedIdentityProviders"] == ["COGNITO"]


def test_no_user_can_change_their_tenants():
    """The attribute with the tenants is in the token, and is not among those that the client may write.

    A client without a list may write every standard attribute, so the list has the name only.
    """
    claim = DEFAULTS["oidc_tenants_claim"].default
    assert [f"custom:{each['Name']}" for each in pool()["Schema"]] == [claim]
    assert claim in client()["ReadAttributes"]
    assert client()["WriteAttributes"] == ["name"]
    assert "name" not in {claim, DEFAULTS["oidc_groups_claim"].default, "email", "sub", "cognito:username"}


def test_no_token_allows_changes_of_the_account():
    """The scope for changes is not requested, and no other authentication flow grants it."""
    assert sorted(client()["AllowedOAuthScopes"]) == sorted(SCOPE.split())
    assert "aws.cognito.signin.user.admin" not in client()["AllowedOAuthScopes"]
    assert client()["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_a_code_is_the_only_way_to_a_token():
    """No token appears in an address; without a client secret, PKCE binds the code to the client that requested it."""
    assert client()["AllowedOAuthFlowsUserPoolClient"] is True
    assert client()["AllowedOAuthFlows"] == ["code"]
    assert client()["GenerateSecret"] is False
    assert client()["CallbackURLs"] == [{"Fn::Sub": "${DeskPublicUrl}" + RETURN}]


def test_tokens_are_short_lived():
    """The desk reads a token once, so a lost token is of little use, and for minutes only."""
    assert client()["TokenValidityUnits"] == dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes")
    assert (client()["AccessTokenValidity"], client()["IdTokenValidity"], client()["RefreshTokenValidity"]) == (
        5,
        5,
        60,
    )
    assert client()["EnableTokenRevocation"] is True


def test_a_second_factor_is_required_and_account_names_stay_secret():
    """Every user needs a second factor from an app; errors do not reveal whether an account exists."""
    assert (pool()["MfaConfiguration"], pool()["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert client()["PreventUserExistenceErrors"] == "ENABLED"
    assert pool()["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def test_an_email_address_is_verified():
    """It identifies operators in the audit trail, so a new address takes effect after its verification."""
    assert pool()["AutoVerifiedAttributes"] == ["email"]
    assert pool()["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert {"email", "email_verified"} <= set(client()["ReadAttributes"])


def test_the_group_of_operators_is_the_one_that_the_desk_expects():
    """The group's name is the default of the desk's settings."""
    [group] = of_type(TEMPLATE, "AWS::Cognito::UserPoolGroup").values()
    assert group["Properties"]["GroupName"] == DEFAULTS["oidc_operators_group"].default


def test_accounts_outlive_the_stack():
    """A parameter that is omitted by mistake deletes no account."""
    users = TEMPLATE["Resources"]["DeskUsers"]
    assert (users["DeletionPolicy"], users["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_what_the_desk_needs_is_in_the_outputs():
    """The outputs are named like the desk's variables, so they can be exported unchanged."""
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
def test_the_redirect_address_is_a_single_safe_one(given, accepted):
    """The address has HTTPS or is localhost, which Cognito allows; the desk accepts it as `DESK_PUBLIC_URL`."""
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["DeskPublicUrl"]["AllowedPattern"], given)) is accepted
    if accepted and given:
        assert WebSettings(public_url=given).public_url == given
