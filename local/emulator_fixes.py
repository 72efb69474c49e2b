"""Where ministack is unlike AWS in something that `template.yaml` relies on, and where it is slow without need.

- Binary media types: it does not read `*~1*` as `*/*`.
- Generated secrets: it overlooks ExcludePunctuation, and a token with punctuation is no part of a path.
- Batches to SNS and SQS: it asks for rights of their names, which AWS does not know.
- Mail: it asks for another right than SES does, without the sender, and drops the headers (`emulator_mail`).
- Workers: it unpacks function and layer anew for each of them.
- REST APIs: see `emulator_api_gateway`; DynamoDB's speed: see `emulator_speed`.
"""

import contextlib
import hashlib
import string
import tempfile
import types
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import iam_actions, lambda_runtime
from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from local import emulator_api_gateway, emulator_mail, emulator_speed

SAME_RIGHT = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
"""Which right a batch takes (AWS's Service Authorization Reference: SNS, SQS)."""


def apply() -> None:
    """Put everything in place; call it before ministack serves."""
    right_of = iam_actions.extract_iam_action
    matches, secret_string = apigateway_v1._media_type_matches, provisioners._sm_secret_string

    def media_type_matches(media_type: str, patterns: list[str]) -> bool:
        return bool(matches(media_type, [pattern.replace("~1", "/") for pattern in patterns or []]))

    def without_punctuation(properties: dict[str, Any]) -> str:
        generate = properties.get("GenerateSecretString") or {}
        if str(generate.get("ExcludePunctuation", "")).lower() == "true":
            excluded = generate.get("ExcludeCharacters", "") + string.punctuation
            properties = {**properties, "GenerateSecretString": {**generate, "ExcludeCharacters": excluded}}
        return str(secret_string(properties))

    def right(*request: Any, **more: Any) -> str | None:
        asked: str | None = right_of(*request, **more)
        return SAME_RIGHT.get(asked or "", asked)

    iam_actions.extract_iam_action = right
    apigateway_v1._media_type_matches = media_type_matches
    provisioners._sm_secret_string = without_punctuation
    emulator_api_gateway.apply()
    emulator_mail.apply()
    emulator_speed.apply()
    # Nothing else in this module of ministack unpacks anything.
    lambda_runtime.zipfile = types.SimpleNamespace(**vars(zipfile) | {"ZipFile": UnpackedOnce})


class UnpackedOnce(zipfile.ZipFile):
    """Unpacks each archive once and links to it: workers of a function start three times as fast, as they find the
    byte code that the first of them compiled."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Make `path`, an empty folder, a link to the unpacked archive."""
        content = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir()) / "unpacked" / content
        if not shared.exists():
            new = Path(tempfile.mkdtemp(prefix="unpacking-"))
            super().extractall(new, members, pwd)
            shared.parent.mkdir(exist_ok=True)
            with contextlib.suppress(OSError):  # another worker was faster
                new.rename(shared)
        Path(path).rmdir()
        Path(path).symlink_to(shared, target_is_directory=True)
