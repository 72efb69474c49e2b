"""Why AWS could not be asked, in a sentence for the person at the keyboard that names the mend."""

from collections.abc import Iterator
from typing import Final

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

_SIGN_IN: Final = "your AWS session has ended: sign in again (aws sso login), or renew the keys"
_KEYS: Final = "AWS does not accept these credentials: see aws sts get-caller-identity"

_BY_CODE: Final = {
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "RequestExpired": _SIGN_IN,
    "InvalidClientTokenId": _KEYS,
    "UnrecognizedClientException": _KEYS,
    "InvalidSignatureException": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "InvalidAccessKeyId": _KEYS,
    "ResourceNotFoundException": "the stack's table or secret is not there: look at the stack in CloudFormation",
}

_UNREACHABLE: Final = (exceptions.HTTPClientError, exceptions.ConnectionError)

# The first line that fits.
_BY_TYPE: Final[tuple[tuple[type[BotoCoreError] | tuple[type[BotoCoreError], ...], str], ...]] = (
    (exceptions.NoCredentialsError, "no AWS credentials were found: aws configure, AWS_PROFILE, or --profile NAME"),
    (exceptions.PartialCredentialsError, "the AWS credentials are incomplete: give both the key id and the secret key"),
    (exceptions.NoRegionError, "no AWS region is set: --region NAME, AWS_REGION, or aws configure"),
    (exceptions.ProfileNotFound, "AWS knows no such profile here: see aws configure list-profiles"),
    ((exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.CredentialRetrievalError), _SIGN_IN),
    (_UNREACHABLE, "AWS does not answer: check the network and --region"),
)


def advice(error: BaseException) -> str | None:
    """What to do about the AWS error that `error` was raised from; None when there is none behind it."""
    for cause in _causes(error):
        if isinstance(cause, ClientError):
            code = cause.response["Error"]["Code"]
            if "AccessDenied" in code:
                return f"these AWS credentials may not call {cause.operation_name}: ask for the permission"
            return _BY_CODE.get(code, f"AWS refused {cause.operation_name} ({code}): try again")
        if isinstance(cause, BotoCoreError):
            return next((text for kinds, text in _BY_TYPE if isinstance(cause, kinds)), f"AWS: {cause}")
    return None


def unreachable(error: BaseException) -> bool:
    """Whether nobody answered at all."""
    return any(isinstance(cause, _UNREACHABLE) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
