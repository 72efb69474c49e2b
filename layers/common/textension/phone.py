"""Phone numbers in their one true form, so that one person is one conversation."""

import re

from textension.errors import InvalidNumber

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_DIGITS = re.compile(r"\+?[0-9]{3,15}")
# ClickSend allows 11; other carriers' senders may be longer, and a name is never dialled.
_ALPHANUMERIC = re.compile(r"(?=.*[^\W\d_])[^\x00-\x1f#]{1,40}")


def is_e164(value: str) -> bool:
    """Whether the value is E.164 already: `+`, a country, at most 15 digits."""
    return _E164.fullmatch(value) is not None


def e164(value: str, country: str) -> str:
    """The number in E.164; `country` (ISO 3166 alpha-2) reads national forms.

    Raises InvalidNumber, naming the value's fault and what would be right.
    """
    value = value.strip()
    if is_e164(value):
        return value
    import phonenumbers  # 20 ms and 2 MB that a number in E.164 does not need

    for text, region in ((value, country), (f"+{value}", None)):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise InvalidNumber(f"not a phone number of {country} or of any country: give it as E.164, like +61411111111")


def peer(value: str, country: str) -> str:
    """The other side: E.164 where it is a number; short codes and alphanumeric senders stay as they came.

    Raises InvalidNumber when it is none of the three.
    """
    value = value.strip()
    if is_e164(value) or _SHORT_CODE.fullmatch(value):
        return value
    if _ALPHANUMERIC.fullmatch(value):
        return value
    try:
        return e164(value, country)
    except InvalidNumber:
        if _DIGITS.fullmatch(value):
            return value  # whatever network it comes from, the text is worth keeping
        raise


def country(number: str, default: str) -> str:
    """The ISO 3166 code of a number in E.164; the default one's for a short code. Empty where nobody knows it.

    Numbers that no region has given out, such as +1 555 01xx, count as those of their plan's main country.
    """
    if not is_e164(number):
        return default
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
    return region if len(region) == 2 and region.isalpha() else ""


def is_repliable(value: str) -> bool:
    """Whether a text can be sent there: an alphanumeric sender has no way back."""
    return is_e164(value) or _SHORT_CODE.fullmatch(value) is not None


def readable(value: str) -> str:
    """A number as people write it, `+61 411 111 111`; short codes, names and numbers of no known plan as they are."""
    if not is_e164(value):
        return value
    import phonenumbers

    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
