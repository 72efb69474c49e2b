"""Which numbers ClickSend can send to, and in which country they are."""

import re
from functools import lru_cache

import phonenumbers

TEST_NUMBERS = frozenset(
    {
        "+61411111111",
        "+61422222222",
        "+61433333333",
        "+61444444444",
        "+14055555555",
        "+14055555666",
        "+447777777777",
        "+8615555555555",
    }
)
"""ClickSend fact: the published numbers to which nothing is sent and for which nothing is charged."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")


def is_e164(number: str) -> bool:
    """Whether `number` is written the way that ClickSend wants a recipient."""
    return _E164.fullmatch(number) is not None


def to_e164(number: str, country: str) -> str:
    """ClickSend fact: `country` formats a recipient that is not in international format. Others stay as they are."""
    if is_e164(number) or not country:
        return number
    try:
        parsed = phonenumbers.parse(number, country.upper())
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=65536)
def country_of(number: str) -> str:
    """ISO code of the country of an E.164 number, or `""`; fictional numbers get the main country of their prefix."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(parsed)
    if region is None and parsed.country_code is not None:
        region = phonenumbers.region_code_for_country_code(parsed.country_code)
    return region if region not in {None, "ZZ"} else ""
