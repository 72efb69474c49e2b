"""How texts split into parts, and which numbers can be texted."""

import pytest

from local.simulator.recipients import TEST_NUMBERS, country_of, is_e164, to_e164
from local.simulator.segments import count_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("\n" * 80, 1),
        ("\n" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_parts_follow_gsm_7_and_ucs_2(text: str, parts: int) -> None:
    assert count_parts(text, most=8) == parts


def test_what_is_longer_than_the_account_allows_is_cut_off() -> None:
    assert count_parts("a" * 5000, most=8) == 8
    assert count_parts("a" * 5000, most=6) == 6


@pytest.mark.parametrize("number", sorted(TEST_NUMBERS))
def test_clicksends_test_numbers_are_e164_and_have_a_country(number: str) -> None:
    assert is_e164(number)
    assert country_of(number) in {"AU", "US", "GB", "CN"}


@pytest.mark.parametrize("number", ["", "0411111111", "61411111111", "+0411111111", "+614 1111 1111", "+1", "MyBrand"])
def test_other_spellings_are_not_e164(number: str) -> None:
    assert not is_e164(number)


def test_country_formats_a_local_number() -> None:
    assert to_e164("0411 111 111", "au") == "+61411111111"
    assert to_e164("0411 111 111", "") == "0411 111 111"
    assert to_e164("nonsense", "AU") == "nonsense"


def test_fictional_numbers_have_the_country_of_their_prefix() -> None:
    assert country_of("+12025550123") == "US"
    assert country_of("+15550100") == "US"
    assert country_of("+999123456") == ""
