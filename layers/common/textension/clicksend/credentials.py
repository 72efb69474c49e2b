"""What signs us in at ClickSend."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """One account's entry of the credentials secret. `repr` hides the key."""

    account: str
    username: str
    api_key: str
    base_url: str

    def __repr__(self) -> str:
        return f"Credentials(account={self.account!r})"

    @property
    def complete(self) -> bool:
        """Whether there is anything to sign in with."""
        return bool(self.username and self.api_key)
