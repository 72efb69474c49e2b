"""SES's identities: whether an address may be mailed from."""

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable


def verified(address: str) -> bool:
    """Whether SES has verified the address, its domain, or one above it. Raises Unavailable."""
    labels = address.rpartition("@")[2].split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return any(_verified(one) for one in (address, *domains))


def _verified(identity: str) -> bool:
    try:
        return bool(clients.sesv2().get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return False
        raise Unavailable("SES did not tell whether the sender is verified") from error
    except BotoCoreError as error:
        raise Unavailable("SES did not answer") from error
