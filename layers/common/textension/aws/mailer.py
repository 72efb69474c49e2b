"""SES: takes one mail for one address, or says whether it is worth asking again."""

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable, Undeliverable
from textension.feedback import MESSAGE_TAG

_FOR_GOOD: Final = frozenset(
    {"AccountSuspendedException", "BadRequestException", "MailFromDomainNotVerifiedException", "MessageRejected"}
)


class Mailer:
    """Sends as one address, under one configuration set, which is how SES tells us what came back."""

    def __init__(self, sender: str, configuration_set: str) -> None:
        self.sender = sender
        self._configuration_set = configuration_set

    def send(self, mail: bytes, *, to: str, message_id: str) -> None:
        """Hand over one mail. Raises Undeliverable when SES will never take it, Unavailable when it may later.

        After a time-out SES may have taken it all the same. SES's own words name addresses, so they go no further.
        """
        try:
            clients.sesv2().send_email(
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": mail}},
                ConfigurationSetName=self._configuration_set,
                EmailTags=[{"Name": MESSAGE_TAG, "Value": message_id}],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _FOR_GOOD:
                raise Undeliverable(code) from None
            raise Unavailable(f"SES refused: {code}") from None
        except BotoCoreError as error:
            raise Unavailable(f"SES did not answer: {type(error).__name__}") from None
