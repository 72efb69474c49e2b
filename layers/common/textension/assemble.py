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
from textension.clock import MINUTE

if TYPE_CHECKING:
    from textension.account_check import AccountCheck
    from textension.administration import Administration
    from textension.aws.caps import Caps
    from textension.aws.connections import Tickets
    from textension.aws.push_subscriptions import PushSubscriptions
    from textension.aws.secrets import CredentialsSecret, WebhookSecret
    from textension.catching_up import CatchUp
    from textension.clicksend.accounts import Accounts
    from textension.config import KeywordsEnvironment, LimitsEnvironment
    from textension.copies import Copies
    from textension.health import Health
    from textension.inbound import Door
    from textension.office import Office
    from textension.optout import Keywords
    from textension.outbound import Sender
    from textension.push.pushes import Pushes
    from textension.realtime import Realtime
    from textension.reconciling import Reconciler
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
    from textension.receipts import Receipts

    environment = config.webhook()
    table = Table(environment.TABLE_NAME)
    signer = SigningSecret(environment.SIGNING_SECRET_ARN).signer()
    messages = Messages(table, kept=environment.kept)
    return Door(
        messages=messages,
        numbers=Numbers(table),
        quarantine=Quarantine(table),
        receipts=Receipts(messages=messages, signer=signer),
        signer=signer,
        country=environment.DEFAULT_COUNTRY,
        keywords=_keywords(environment),
        help_text=environment.HELP_TEXT,
        caps=_caps(table, environment),
    )


def _keywords(environment: KeywordsEnvironment) -> Keywords:
    from textension.optout import Keywords

    listed = (environment.OPT_OUT_WORDS, environment.OPT_IN_WORDS, environment.HELP_WORDS)
    return Keywords.of(*(words.split(",") for words in listed))


def _caps(table: Table, environment: LimitsEnvironment) -> Caps:
    from textension.aws.caps import Caps, Limits

    countries = environment.ALLOWED_COUNTRIES
    limits = Limits(
        countries=None if countries == "*" else frozenset(countries.split(",")),
        messages_per_minute=environment.MESSAGES_PER_MINUTE,
        segments_per_day=environment.SEGMENTS_PER_DAY,
    )
    return Caps(table, limits)


@functools.cache
def relay() -> Relay:
    """The relay, for `stream_relay` and `sweeper`."""
    from textension.aws.changes import Changes
    from textension.aws.conversations import Conversations
    from textension.aws.doorbells import OutboundQueue, Topic
    from textension.relay import Relay

    environment = config.relay()
    table = Table(environment.TABLE_NAME)
    return Relay(
        messages=Messages(table),
        conversations=Conversations(table),
        changes=Changes(table),
        topic=Topic(environment.EVENTS_TOPIC_ARN),
        queue=OutboundQueue(environment.OUTBOUND_QUEUE_URL),
        signer=SigningSecret(environment.SIGNING_SECRET_ARN).signer(),
    )


@functools.cache
def sweep() -> Sweep:
    """The sweep, for `sweeper`."""
    from textension.aws.circuits import Circuits
    from textension.sweep import Sweep

    table = Table(config.relay().TABLE_NAME)
    return Sweep(messages=relay().messages, relay=relay(), circuits=Circuits(table), reconciler=reconciler)


@functools.cache
def reconciler() -> Reconciler:
    """What looks into ClickSend's history, for `sweeper`."""
    from textension.aws.numbers import Numbers
    from textension.receipts import Receipts
    from textension.reconciling import Reconciler

    environment = config.sweeper()
    signer, messages = relay().signer, relay().messages
    return Reconciler(
        messages=messages,
        receipts=Receipts(messages=messages, signer=signer),
        signer=signer,
        clients=sweeper_clients(),
        numbers=Numbers(Table(environment.TABLE_NAME)),
        country=environment.DEFAULT_COUNTRY,
        unresolved_after=environment.UNRESOLVED_AFTER_MINUTES * MINUTE,
    )


@functools.cache
def account_check() -> AccountCheck:
    """The look at ClickSend's accounts, for `sweeper`."""
    from textension.account_check import AccountCheck
    from textension.aws.clicksend_accounts import ClickSendAccounts

    environment = config.sweeper()
    return AccountCheck(
        accounts=ClickSendAccounts(Table(environment.TABLE_NAME)),
        secret=sweeper_credentials(),
        allow_http=environment.ENVIRONMENT == "local",
    )


@functools.cache
def catch_up() -> CatchUp:
    """What takes in what nobody posted, for `sweeper`."""
    from textension.aws.catch_ups import CatchUps
    from textension.aws.circuits import Circuits
    from textension.catching_up import CatchUp

    table = Table(config.sweeper().TABLE_NAME)
    return CatchUp(
        door=back_door,
        table=table,
        marks=CatchUps(table),
        circuits=Circuits(table),
        secret=sweeper_credentials(),
        clients=sweeper_clients,
    )


@functools.cache
def back_door() -> Door:
    """The door for what ClickSend's history has, for `sweeper`. Nobody is answered there: it may be hours late."""
    from textension.aws.erasure import ErasedPeers
    from textension.aws.numbers import Numbers
    from textension.aws.quarantine import Quarantine
    from textension.inbound import Door

    environment = config.sweeper()
    table = Table(environment.TABLE_NAME)
    return Door(
        messages=relay().messages,
        numbers=Numbers(table),
        quarantine=Quarantine(table),
        receipts=reconciler().receipts,
        signer=relay().signer,
        country=environment.DEFAULT_COUNTRY,
        keywords=_keywords(environment),
        erased=ErasedPeers(table, relay().signer),
    )


@functools.cache
def sweeper_credentials() -> CredentialsSecret:
    """ClickSend's credentials, for `sweeper`: one copy for all that it does."""
    from textension.aws.secrets import CredentialsSecret

    return CredentialsSecret(config.sweeper().CREDENTIALS_SECRET_ARN)


@functools.cache
def sweeper_clients() -> Accounts:
    """The clients of all accounts, for `sweeper`."""
    from textension.clicksend.accounts import Accounts

    return Accounts(sweeper_credentials().of, allow_http=config.sweeper().ENVIRONMENT == "local")


@functools.cache
def sender() -> Sender:
    """The sender, for `outbound_sender`."""
    from textension.aws.circuits import Circuits
    from textension.aws.secrets import CredentialsSecret
    from textension.clicksend.accounts import Accounts
    from textension.outbound import Sender
    from textension.receipts import Receipts

    environment = config.sender()
    signer = SigningSecret(environment.SIGNING_SECRET_ARN).signer()
    table = Table(environment.TABLE_NAME)
    messages = Messages(table)
    secret = CredentialsSecret(environment.CREDENTIALS_SECRET_ARN)
    return Sender(
        messages=messages,
        receipts=Receipts(messages=messages, signer=signer),
        signer=signer,
        clients=Accounts(secret.of, allow_http=environment.ENVIRONMENT == "local"),
        circuits=Circuits(table),
    )


@functools.cache
def office() -> Office:
    """What an extension may do, for `app_api`."""
    from textension.aws.changes import Changes
    from textension.aws.contacts import Contacts
    from textension.aws.conversations import Conversations
    from textension.aws.numbers import Numbers
    from textension.office import Office

    environment = config.app()
    table = Table(environment.TABLE_NAME)
    return Office(
        numbers=Numbers(table),
        conversations=Conversations(table),
        messages=Messages(table, kept=environment.kept),
        changes=Changes(table),
        contacts=Contacts(table),
        caps=_caps(table, environment),
        signer=SigningSecret(environment.SIGNING_SECRET_ARN).signer(),
        country=environment.DEFAULT_COUNTRY,
    )


@functools.cache
def administration() -> Administration:
    """What an admin may do, for `app_api`."""
    from textension.administration import Administration
    from textension.aws.clicksend_accounts import ClickSendAccounts
    from textension.aws.erasure import ErasedPeers, Erasure
    from textension.aws.functions import Replayer
    from textension.aws.log import MessageLog
    from textension.aws.quarantine import Quarantine

    environment = config.app()
    table = Table(environment.TABLE_NAME)
    return Administration(
        office=office(),
        log=MessageLog(table),
        quarantine=Quarantine(table),
        replayer=Replayer(environment.INBOUND_WEBHOOK),
        erasure=Erasure(table, ErasedPeers(table, office().signer)),
        clicksend=ClickSendAccounts(table),
    )


@functools.cache
def health() -> Health:
    """What is wrong now, for `app_api`."""
    from textension.aws.emails import EmailTroubles
    from textension.health import Health

    environment = config.app()
    return Health(
        messages=office().messages,
        numbers=office().numbers,
        quarantine=administration().quarantine,
        clicksend=administration().clicksend,
        troubles=EmailTroubles(Table(environment.TABLE_NAME)),
        dead_letters={
            "outbound": environment.OUTBOUND_DEAD_LETTER_QUEUE_URL,
            "realtime": environment.REALTIME_DEAD_LETTER_QUEUE_URL,
            "email": environment.EMAIL_DEAD_LETTER_QUEUE_URL,
            "push": environment.PUSH_DEAD_LETTER_QUEUE_URL,
            "failures": environment.FAILURE_QUEUE_URL,
        },
        sends_email=bool(environment.EMAIL_FROM),
    )


@functools.cache
def push_subscriptions() -> PushSubscriptions:
    """Where browsers take pushes, for `app_api`."""
    from textension.aws.push_subscriptions import PushSubscriptions

    return PushSubscriptions(Table(config.app().TABLE_NAME))


@functools.cache
def realtime() -> Realtime:
    """The apps' connections, for `realtime`."""
    from textension.aws.connections import Connections, Gateway, Tickets
    from textension.realtime import Realtime

    environment = config.realtime()
    table = Table(environment.TABLE_NAME)
    return Realtime(
        tickets=Tickets(table), connections=Connections(table), gateway=Gateway(environment.connections_endpoint)
    )


@functools.cache
def tickets() -> Tickets:
    """Tickets for WebSockets, for `app_api`."""
    from textension.aws.connections import Tickets

    return Tickets(Table(config.app().TABLE_NAME))


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


@functools.cache
def pushes() -> Pushes:
    """The pushes, for `push_notifier`."""
    from textension.aws.push_subscriptions import PushMarks, PushSubscriptions
    from textension.aws.secrets import PushSecret
    from textension.push.client import PushClient
    from textension.push.pushes import Pushes

    environment = config.push()
    table = Table(environment.TABLE_NAME)
    return Pushes(
        subscriptions=PushSubscriptions(table),
        marks=PushMarks(table),
        secret=PushSecret(environment.PUSH_SECRET_ARN),
        client=PushClient(),
        local=environment.ENVIRONMENT == "local",
    )
