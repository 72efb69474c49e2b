"""The account's own pages: account, subaccounts and numbers. Names and addresses in them are invented."""

from collections.abc import Mapping, Sequence

from .envelope import page_of
from .models import Credential, Settings, Wire
from .recipients import country_of
from .sms import CURRENCY

_FLAGS = (
    "access_smpp",
    "access_users",
    "access_billing",
    "access_reporting",
    "access_contacts",
    "access_settings",
    "access_sms",
    "access_email",
    "access_voice",
    "access_fax",
    "access_post",
    "access_reseller",
    "access_global_sending",
    "access_mms",
    "hide_pricing",
    "share_campaigns",
)
_OFF = frozenset({"access_smpp", "access_reseller", "hide_pricing", "share_campaigns"})


def subaccount_shape(credential: Credential, *, main: bool) -> Wire:
    """ClickSend fact: a subaccount has its own `api_username` and `api_key`; its flags are 0 or 1."""
    return {
        "subaccount_id": credential.subaccount_id,
        "api_username": credential.username,
        "email": f"{credential.username}@example.com",
        "phone_number": "+61433333333",
        "first_name": "Demo",
        "last_name": "Account",
        "api_key": credential.api_key,
        **{flag: int(flag not in _OFF) for flag in _FLAGS},
        "notes": None,
        "is_main": int(main),
        "sign_up_type": "standard",
    }


def subaccount_rows(credentials: Sequence[Credential], user_id: int) -> list[Wire]:
    """All subaccounts of one user; the first is the main one."""
    mine = [credential for credential in credentials if credential.user_id == user_id]
    return [subaccount_shape(credential, main=index == 0) for index, credential in enumerate(mine)]


def account_shape(credential: Credential, settings: Settings, *, main: bool) -> Wire:
    """`data` of `GET /v3/account`. ClickSend fact: the balance is a string of six decimals, flags are integers, and
    `_subaccount` carries the API key: nobody may log this body."""
    return {
        "user_id": credential.user_id,
        "username": credential.username,
        "user_email": f"{credential.username}@example.com",
        "active": int(settings.active),
        "banned": int(settings.banned),
        "date_sign_up": 1718728461,
        "balance": f"{settings.balance:.6f}",
        "user_phone": "+61433333333",
        "reply_to": "originator",
        "delivery_to": "",
        "user_first_name": "Demo",
        "user_last_name": "Account",
        "account": 0,
        "account_name": "Textension demo",
        "account_billing_email": f"{credential.username}@example.com",
        "account_billing_mobile": "+61433333333",
        "priority": 3,
        "country": "AU",
        "country_ip": "AU",
        "default_country_sms": "AU",
        "auto_recharge": 0,
        "auto_recharge_amount": "20.00",
        "low_credit_amount": "0.00",
        "setting_unicode_sms": 0,
        "setting_email_sms_subject": 0,
        "setting_fix_sender_id": 0,
        "setting_sms_message_char_limit": settings.max_parts,
        "old_dashboard": 0,
        "balance_commission": "0.000000",
        "timezone": "Australia/Melbourne",
        "price_rate": 0,
        "private_uploads": 0,
        "fax_quality": 200,
        "setting_sms_hide_your_number": 0,
        "setting_sms_hide_business_name": 0,
        "pricing_variant": 0,
        "on_trial": int(settings.on_trial),
        "trial_expiry": None,
        "ai_enabled": 0,
        "_currency": CURRENCY,
        "_subaccount": subaccount_shape(credential, main=main),
        "_referrer_chosen": {"id": None, "name": None},
    }


def numbers_page(settings: Settings, query: Mapping[str, str]) -> Wire:
    """`data` of `GET /v3/numbers`. ClickSend fact: an account without numbers gets neither rows nor a currency."""
    page = page_of(number_rows(settings), query)
    if not settings.numbers:
        del page["data"]
        return page
    return page | {"_currency": CURRENCY}


def number_rows(settings: Settings) -> list[Wire]:
    """The dedicated numbers of the account, all ready for use."""
    return [
        {
            "dedicated_number": number,
            "country": country_of(number),
            "price": "18.59",
            "_country_name": country_of(number),
            "notes": None,
            "type": "sms",
            "number_type": "longcode",
            "number_category": "standard",
            "number_guid": None,
            "form_submission_id": None,
            "status": {
                "value": 0,
                "label": "REGISTRATION_NOT_REQUIRED",
                "description": "Registration is not required.",
                "name": "Registration not required",
            },
        }
        for number in settings.numbers
    ]
