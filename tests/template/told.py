"""What the template tells: outputs, parameters, environments; and the secrets that it does not tell."""

import json
import re
from typing import Final

from tests.template.findings import Broken, changing, differs, setting
from tests.template.translated import Template, functions, of_type

OUTPUTS: Final = {
    "ApiUrl",
    "AppUrl",
    "WebhookUrl",
    "WebSocketUrl",
    "TableName",
    "EventsTopicArn",
    "OutboundQueueUrl",
    "OutboundDeadLetterQueueUrl",
    "RealtimeDeadLetterQueueUrl",
    "EmailDeadLetterQueueUrl",
    "FailureQueueUrl",
    "CredentialsSecretArn",
    "WebhookSecretArn",
    "SigningSecretArn",
    "PushSecretArn",
    "PushKeyParameter",
    "PushDeadLetterQueueUrl",
    "UserPoolId",
    "UserPoolClientId",
}
PUSH_KEYS: Final = {"private_key": "", "public_key": "", "contact": ""}
CREDENTIALS: Final = {
    "account": "${Account}",
    "CLICKSEND_USERNAME": "",
    "CLICKSEND_API_KEY": "",
    "CLICKSEND_BASE_URL": "https://rest.clicksend.com",
}


def outputs_are_named(template: Template) -> list[str]:
    """The names that the command line and the local stack read."""
    return [f"{name} is missing" for name in sorted(OUTPUTS - template["Outputs"].keys())]


def no_secret_is_told(template: Template) -> list[str]:
    """Values of secrets are in Secrets Manager only: not in parameters, outputs or environments."""
    told = {
        **{f"output {name}": one["Value"] for name, one in template["Outputs"].items()},
        **{f"environment of {name}": one["Environment"] for name, one in functions(template).items()},
    }
    secret = re.compile(r"resolve:|SecretString|GenerateSecret|ClientSecret")
    named = re.compile(r"key|password|secret|token|username", re.IGNORECASE)
    return [f"{name} holds a secret" for name, value in told.items() if secret.search(json.dumps(value))] + [
        f"parameter {name} may hold a secret"
        for name, one in template["Parameters"].items()
        if one.get("NoEcho")
        or (named.search(name.removesuffix("KeyArn")) and set(one.get("AllowedValues", ["?"])) != {"true", "false"})
    ]


def the_push_keys_are_born_empty(template: Template) -> list[str]:
    """`textension push init` makes them."""
    text = of_type(template, "AWS::SecretsManager::Secret")["PushSecret"].get("SecretString")
    shown = of_type(template, "AWS::SSM::Parameter")["PushPublicKey"]["Value"]
    return differs("the push keys", (json.loads(text or "{}"), shown), (PUSH_KEYS, "none"))


def the_credentials_are_born_empty(template: Template) -> list[str]:
    """The operator writes them; a template is no place for a key."""
    text = of_type(template, "AWS::SecretsManager::Secret")["CredentialsSecret"].get("SecretString")
    text = text["Fn::Sub"] if isinstance(text, dict) else text
    return differs("the credentials", json.loads(text or "{}"), CREDENTIALS)


def tokens_are_long(template: Template) -> list[str]:
    """256 bits and more of letters and digits, made by Secrets Manager, and fit for a path."""
    found = []
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        made = secret.get("GenerateSecretString")
        if made and (made.get("PasswordLength", 32) < 43 or not made.get("ExcludePunctuation")):
            found.append(f"{name}: {made}")
    return found


CHECKS: Final = (
    outputs_are_named,
    no_secret_is_told,
    the_push_keys_are_born_empty,
    the_credentials_are_born_empty,
    tokens_are_long,
)

_KEY: Final = '{"account": "${Account}", "CLICKSEND_USERNAME": "me", "CLICKSEND_API_KEY": "0A1B"}'
_DYNAMIC: Final = "{{resolve:secretsmanager:credentials}}"

BROKEN: Final[Broken] = (
    (outputs_are_named, lambda one: one["Outputs"].pop("WebhookUrl")),
    (outputs_are_named, lambda one: one["Outputs"].pop("UserPoolId")),
    (no_secret_is_told, lambda one: one["Outputs"]["TableName"].update(Value=_DYNAMIC)),
    (no_secret_is_told, changing("AppApi", "Environment", "Variables", KEY=_DYNAMIC)),
    (no_secret_is_told, lambda one: one["Parameters"].update(ApiKey={"Type": "String"})),
    (the_push_keys_are_born_empty, setting("PushSecret", SecretString='{"private_key": "x"}')),
    (the_credentials_are_born_empty, setting("CredentialsSecret", SecretString={"Fn::Sub": _KEY})),
    (tokens_are_long, changing("WebhookSecret", "GenerateSecretString", PasswordLength=16)),
)
