"""Who may sign in, how, and what their tokens say."""

from typing import Any, Final

from tests.template.findings import Broken, changing, differs, properties, setting
from tests.template.translated import Template, of_type, target

FLOWS: Final = {"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
LIVES: Final = {
    "IdTokenValidity": (15, "minutes"),
    "AccessTokenValidity": (15, "minutes"),
    "RefreshTokenValidity": (30, "days"),
}
PASSWORDS: Final = {
    "MinimumLength": 12,
    "RequireLowercase": True,
    "RequireUppercase": True,
    "RequireNumbers": True,
    "RequireSymbols": False,
    "TemporaryPasswordValidityDays": 7,
}
SCHEMA: Final = {"email": True, "account": False, "extension": True}
"""The attributes, and whether they can change: a user never moves to another account."""


def _pool(template: Template) -> dict[str, Any]:
    [pool] = of_type(template, "AWS::Cognito::UserPool").values()
    return pool


def _client(template: Template) -> dict[str, Any]:
    [client] = of_type(template, "AWS::Cognito::UserPoolClient").values()
    return client


def only_administrators_make_users(template: Template) -> list[str]:
    """Signing up by oneself is a door that Cognito leaves open by default."""
    creation = _pool(template).get("AdminCreateUserConfig", {})
    return differs("admins only", creation.get("AllowAdminCreateUserOnly"), True)


def users_are_known_by_their_address(template: Template) -> list[str]:
    """In whatever case they write it, proven, and the way to a new password."""
    pool = _pool(template)
    proven_first = pool.get("UserAttributeUpdateSettings", {}).get("AttributesRequireVerificationBeforeUpdate")
    return [
        *differs("names", pool.get("UsernameAttributes"), ["email"]),
        *differs("case", pool.get("UsernameConfiguration"), {"CaseSensitive": False}),
        *differs("proven", pool.get("AutoVerifiedAttributes"), ["email"]),
        *differs("proven before a change", proven_first, ["email"]),
        *differs(
            "recovery",
            pool.get("AccountRecoverySetting"),
            {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        ),
        *differs("attributes", {one["Name"]: one["Mutable"] for one in pool["Schema"]}, SCHEMA),
    ]


def passwords_are_long(template: Template) -> list[str]:
    """And a first password does not wait for ever."""
    return differs("the policy", _pool(template).get("Policies"), {"PasswordPolicy": PASSWORDS})


def a_second_factor_is_possible(template: Template) -> list[str]:
    """By an app; never by SMS, which would cost, and be the weaker."""
    found = (_pool(template).get("MfaConfiguration"), _pool(template).get("EnabledMfas"))
    return differs("second factors", found, ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"]))


def who_somebody_is_is_not_for_them_to_say(template: Template) -> list[str]:
    """Without these lists Cognito lets every user write every attribute, account and extension among them."""
    client = _client(template)
    return [
        *differs("read", set(client.get("ReadAttributes", [])), {"email", "custom:account", "custom:extension"}),
        *differs("written", client.get("WriteAttributes"), ["email"]),
    ]


def apps_have_no_secret(template: Template) -> list[str]:
    """Everybody has the app: what it holds is no secret."""
    return differs("a secret", _client(template).get("GenerateSecret", False), False)


def there_are_these_ways_to_sign_in(template: Template) -> list[str]:
    """No hosted page, no administrator's way, and no word about who has a user."""
    client = _client(template)
    oauth = [name for name in client if "OAuth" in name or name in {"CallbackURLs", "SupportedIdentityProviders"}]
    return [
        *differs("flows", set(client.get("ExplicitAuthFlows", [])), FLOWS),
        *differs("other flows", oauth, []),
        *differs("strangers", client.get("PreventUserExistenceErrors"), "ENABLED"),
    ]


def tokens_are_short_lived(template: Template) -> list[str]:
    """Nobody can take an ID token back, so that it ends soon; a refresh token can be revoked."""
    client = _client(template)
    units = client.get("TokenValidityUnits", {})
    lives = {name: (client.get(name), units.get(name.removesuffix("Validity"))) for name in LIVES}
    return differs("lives", lives, LIVES) + differs("revocation", client.get("EnableTokenRevocation"), True)


def there_is_one_group(template: Template) -> list[str]:
    """`admin`, which `/api/v1/admin` asks for; no role of AWS comes with it."""
    groups = [
        (one["GroupName"], target(one["UserPoolId"]), "RoleArn" in one)
        for one in of_type(template, "AWS::Cognito::UserPoolGroup").values()
    ]
    others = [name for name, one in template["Resources"].items() if one["Type"].startswith("AWS::Cognito::Identity")]
    return differs("groups", groups, [("admin", "UserPool", False)]) + differs("identity pools", others, [])


CHECKS: Final = (
    only_administrators_make_users,
    users_are_known_by_their_address,
    passwords_are_long,
    a_second_factor_is_possible,
    who_somebody_is_is_not_for_them_to_say,
    apps_have_no_secret,
    there_are_these_ways_to_sign_in,
    tokens_are_short_lived,
    there_is_one_group,
)


# ---------------------------------------------------------------- what breaks them


def let_accounts_change(template: Template) -> None:
    """A user who could be moved to another account."""
    next(one for one in properties(template, "UserPool")["Schema"] if one["Name"] == "account").update(Mutable=True)


BROKEN: Final[Broken] = (
    (only_administrators_make_users, changing("UserPool", "AdminCreateUserConfig", AllowAdminCreateUserOnly=False)),
    (only_administrators_make_users, setting("UserPool", AdminCreateUserConfig=None)),
    (users_are_known_by_their_address, setting("UserPool", UserAttributeUpdateSettings=None)),
    (users_are_known_by_their_address, setting("UserPool", UsernameConfiguration={"CaseSensitive": True})),
    (users_are_known_by_their_address, let_accounts_change),
    (passwords_are_long, changing("UserPool", "Policies", "PasswordPolicy", MinimumLength=8)),
    (passwords_are_long, setting("UserPool", Policies=None)),
    (a_second_factor_is_possible, setting("UserPool", MfaConfiguration="OFF")),
    (a_second_factor_is_possible, setting("UserPool", EnabledMfas=["SMS_MFA", "SOFTWARE_TOKEN_MFA"])),
    (who_somebody_is_is_not_for_them_to_say, setting("UserPoolClient", WriteAttributes=None)),
    (who_somebody_is_is_not_for_them_to_say, setting("UserPoolClient", WriteAttributes=["email", "custom:extension"])),
    (who_somebody_is_is_not_for_them_to_say, setting("UserPoolClient", ReadAttributes=["email", "custom:account"])),
    (apps_have_no_secret, setting("UserPoolClient", GenerateSecret=True)),
    (
        there_are_these_ways_to_sign_in,
        setting("UserPoolClient", ExplicitAuthFlows=[*FLOWS, "ALLOW_ADMIN_USER_PASSWORD_AUTH"]),
    ),
    (there_are_these_ways_to_sign_in, setting("UserPoolClient", AllowedOAuthFlows=["implicit"])),
    (there_are_these_ways_to_sign_in, setting("UserPoolClient", PreventUserExistenceErrors="LEGACY")),
    (tokens_are_short_lived, setting("UserPoolClient", IdTokenValidity=60)),
    (tokens_are_short_lived, changing("UserPoolClient", "TokenValidityUnits", IdToken=None)),
    (tokens_are_short_lived, setting("UserPoolClient", EnableTokenRevocation=False)),
    (there_is_one_group, setting("AdminGroup", GroupName="admins")),
    (there_is_one_group, lambda one: one["Resources"].update(Pool={"Type": "AWS::Cognito::IdentityPool"})),
)
