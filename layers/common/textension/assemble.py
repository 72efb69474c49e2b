"""Puts the parts together from a function's environment: lazily, once for the life of the process.

Imports stand inside the functions, so that a function loads what it uses and nothing else: they are the cold start.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from textension import config
from textension.aws.messages import Messages
from textension.aws.secrets import SigningSecret
from textension.aws.table import Table

if TYPE_CHECKING:
    from textension.aws.secrets import WebhookSecret
    from textension.copies import Copies
    from textension.inbound import Door
    from textension.outbound import Sender
    from textension.relay import Relay
    from textension.sweep import Sweep


@functools.cache
def webhook_secret() -> WebhookSecret:
    """Who may post, for `inbound_webhook`."""
    from textension.aws.secrets import WebhookSecret

    return WebhookSecret(config.webhook().WEBHOOK_SECRET_ARN)


@functools.cache
def door() -> Door:
    """The door, for `inbound_webhook`."""
    from textension.aws.numbers import Numbers
    from textension.aws.quarantine import Quarantine
    from textension.inbound import Door
    from textension.optout import Keywords
    from textension.receipts import Receipts

    environment = config.webhook()
    table = Table(environment.TABLE_NAME)
    signer = SigningSecret(environment.SIGNING_SECRET_ARN).signer()
    messages = Messages(table)
    return Door(
        messages=messages,
        numbers=Numbers(table),
        quarantine=Quarantine(table),
        receipts=Receipts(messages=messages, signer=signer),
        signer=signer,
        country=environment.DEFAULT_COUNTRY,
        keywords=Keywords.of(environment.OPT_OUT_WORDS.split(","), environment.OPT_IN_WORDS.split(",")),
    )


@functools.cache
def relay() -> Relay:
    """The relay, for `stream_relay` and `sweeper`."""
    from textension.aws.doorbells import OutboundQueue, Topic
    from textension.relay import Relay

    environment = config.relay()
    return Relay(
        messages=Messages(Table(environment.TABLE_NAME)),
        topic=Topic(environment.EVENTS_TOPIC_ARN),
        queue=OutboundQueue(environment.OUTBOUND_QUEUE_URL),
        signer=SigningSecret(environment.SIGNING_SECRET_ARN).signer(),
    )


@functools.cache
def sweep() -> Sweep:
    """The sweep, for `sweeper`."""
    from textension.sweep import Sweep

    return Sweep(messages=relay().messages, relay=relay())


@functools.cache
def sender() -> Sender:
    """The sender, for `outbound_sender`."""
    from textension.aws.secrets import CredentialsSecret
    from textension.clicksend.accounts import Accounts
    from textension.outbound import Sender
    from textension.receipts import Receipts

    environment = config.sender()
    signer = SigningSecret(environment.SIGNING_SECRET_ARN).signer()
    messages = Messages(Table(environment.TABLE_NAME))
    secret = CredentialsSecret(environment.CREDENTIALS_SECRET_ARN)
    return Sender(
        messages=messages,
        receipts=Receipts(messages=messages, signer=signer),
        signer=signer,
        clients=Accounts(secret.of, allow_http=environment.ENVIRONMENT == "local"),
    )


@functools.cache
def copies() -> Copies:
    """The e-mail copies, for `email_notifier`."""
    from textension.aws.emails import EmailMarks, EmailTroubles
    from textension.aws.mailer import Mailer
    from textension.aws.numbers import Numbers
    from textension.copies import Copies

    environment = config.email()
    table = Table(environment.TABLE_NAME)
    return Copies(
        numbers=Numbers(table),
        marks=EmailMarks(table),
        troubles=EmailTroubles(table),
        mailer=Mailer(environment.EMAIL_FROM, environment.CONFIGURATION_SET),
        signer=SigningSecret(environment.SIGNING_SECRET_ARN).signer(),
        app_url=environment.APP_URL,
    )
