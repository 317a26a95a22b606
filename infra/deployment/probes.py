"""Asks the account what the installation will meet: model access, the sandboxes of SES and SNS, secrets."""

from collections.abc import Iterator, Mapping

from botocore.exceptions import ClientError

from infra.deployment.errors import error_code
from infra.deployment.findings import Clients, Finding, Verdict, run_probe
from shared.errors import ConfigurationError
from shared.language_models.geography import PARAMETER, check_geographies

_MODEL_IS_MISSING = frozenset({"ResourceNotFoundException", "ValidationException"})


def probe_account(clients: Clients, values: Mapping[str, str]) -> list[Finding]:
    """Return the findings about services, with the parameters of this deployment."""
    findings = [*_check_geographies(values)]
    if "BedrockModelId" in values:
        findings += run_probe(
            "model",
            "bedrock:GetInferenceProfile and bedrock:GetFoundationModelAvailability",
            lambda: _model(clients, values["BedrockModelId"], values.get("BedrockFoundationModelId", "")),
        )
    if model := values.get("BedrockFoundationModelId"):
        findings += run_probe("model", "bedrock:GetFoundationModel", lambda: _lifecycle(clients, model))
    findings += _check_sender_domain(values.get("SesFromEmail", ""), values.get("SesDomain", ""))
    if values.get("SesFromEmail"):
        findings += run_probe("e-mail", "ses:GetAccount", lambda: _email_sandbox(clients))
    # As the template's condition: `auto` follows the topic of the system before.
    if values.get("SmsEnabled") == "true" or (values.get("SmsEnabled") == "auto" and values.get("SnsTopicArn")):
        findings += run_probe("text messages", "sns:GetSMSSandboxAccountStatus", lambda: _sms_sandbox(clients))
    if secret := values.get("GoogleSecretName"):
        findings += run_probe("calendar key", "secretsmanager:DescribeSecret", lambda: _google_secret(clients, secret))
    return findings


def _check_geographies(values: Mapping[str, str]) -> Iterator[Finding]:
    """Compare the models of the parameters; a rule of the template can't read the beginning of an id."""
    named = [values.get("BedrockModelId"), values.get("FallbackModelId"), *values.get("AllowedModelIds", "").split(",")]
    try:
        check_geographies(filter(None, named), may_leave=values.get(PARAMETER) == "true")
    except ConfigurationError as error:
        yield Finding(
            "models",
            Verdict.BLOCKED,
            str(error),
            "The chat worker would not start.",
            f"Change BedrockModelId, FallbackModelId or AllowedModelIds, or set {PARAMETER}=true.",
        )


def _model(clients: Clients, profile: str, model: str) -> Iterator[Finding]:
    bedrock = clients("bedrock")
    try:
        # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html
        regions = sorted(
            {
                each["modelArn"].split(":")[3]
                for each in bedrock.get_inference_profile(inferenceProfileIdentifier=profile)["models"]
            }
        )
    except ClientError as error:
        if error_code(error) not in _MODEL_IS_MISSING:
            raise
        yield Finding(
            "model",
            Verdict.WARNING,
            f"no inference profile {profile} in this region",
            "Every answer would fail with `The provided model identifier is invalid`.",
            "Name a profile that this region has: `aws bedrock list-inference-profiles`, parameter BedrockModelId.",
        )
        return
    yield Finding("model", Verdict.OK, f"profile {profile} serves {', '.join(regions)}")
    if not model:
        return
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModelAvailability.html
    answer = bedrock.get_foundation_model_availability(modelId=model)
    missing = [
        what
        for what, is_missing in {
            "the agreement is not accepted": answer["agreementAvailability"]["status"] != "AVAILABLE",
            "the account is not authorized": answer["authorizationStatus"] != "AUTHORIZED",
            "it is not in this region": answer["regionAvailability"] != "AVAILABLE",
        }.items()
        if is_missing
    ]
    if missing:
        yield Finding(
            "model",
            Verdict.WARNING,
            f"{model}: {', '.join(missing)}",
            "Every answer would fail with AccessDeniedException.",
            "Fill in the use-case form of Bedrock and call the model once: docs/first-deployment.md, step 3.",
        )
    else:
        yield Finding("model", Verdict.OK, f"{model} may be invoked")


def _lifecycle(clients: Clients, model: str) -> Iterator[Finding]:
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html
    details = clients("bedrock").get_foundation_model(modelIdentifier=model)["modelDetails"]
    if details.get("modelLifecycle", {}).get("status") == "LEGACY":
        yield Finding(
            "model",
            Verdict.WARNING,
            f"{model} is a legacy model",
            "Bedrock refuses it to accounts that have not used it in the last weeks, and will end it for all.",
            "Name an active model as BedrockModelId and BedrockFoundationModelId; docs/first-deployment.md says which.",
        )


def _check_sender_domain(address: str, domain: str) -> Iterator[Finding]:
    """Compare what is verified with what sends: a rule of the template can't compare ends of texts."""
    if domain and not address:
        yield Finding(
            "e-mail",
            Verdict.WARNING,
            f"SesDomain is {domain}, and SesFromEmail is empty",
            "The domain is verified, and no e-mail is sent.",
            f"Name the sender, such as SesFromEmail=visits@{domain}.",
        )
    elif domain and not f".{address.rpartition('@')[2].lower()}".endswith(f".{domain}"):
        yield Finding(
            "e-mail",
            Verdict.WARNING,
            f"{address} is not an address of {domain}",
            "SES refuses every e-mail with `Email address is not verified`, unless the sender is verified by itself.",
            "Name as SesDomain the domain of SesFromEmail, or one above it.",
        )


def _email_sandbox(clients: Clients) -> Iterator[Finding]:
    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
    if clients("sesv2").get_account().get("ProductionAccessEnabled"):
        yield Finding("e-mail", Verdict.OK, "SES has production access")
    else:
        yield Finding(
            "e-mail",
            Verdict.WARNING,
            "SES is in the sandbox",
            "E-mails reach verified addresses only: visitors get no codes.",
            "Request production access in the console of SES.",
        )


def _sms_sandbox(clients: Clients) -> Iterator[Finding]:
    # https://docs.aws.amazon.com/sns/latest/api/API_GetSMSSandboxAccountStatus.html
    if clients("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        yield Finding(
            "text messages",
            Verdict.WARNING,
            "SNS is in the SMS sandbox",
            "Text messages reach verified numbers only: visitors get no codes.",
            "Leave the sandbox in the console of SNS (Text messaging), and set a spending limit there.",
        )
    else:
        yield Finding("text messages", Verdict.OK, "SNS is out of the SMS sandbox")


def _google_secret(clients: Clients, name: str) -> Iterator[Finding]:
    try:
        clients("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        yield Finding(
            "calendar key",
            Verdict.WARNING,
            f"no secret {name}",
            "The calendar can't be read: no time is offered for a business with a calendar.",
            f"Put the key file of Google's service account into it: `aws secretsmanager create-secret --name {name}"
            " --secret-string file://key.json`.",
        )
    else:
        yield Finding("calendar key", Verdict.OK, f"the secret {name} exists")
