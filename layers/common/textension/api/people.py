"""The routes of contacts and push subscriptions."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from textension import assemble, config
from textension.api import models
from textension.api.context import CallerOf, answers
from textension.api.requests import PeerPath, SubscriptionPath
from textension.aws.contacts import Contact
from textension.aws.push_subscriptions import PushSubscription
from textension.errors import BadInput, NotFound
from textension.push import services

router = Router()  # type: ignore[no-untyped-call]


@router.get(
    "/contacts/<peer>",
    summary="A peer's name",
    tags=["contacts"],
    operation_id="getContact",
    responses=answers(models.Contact, 404),
)
def get_contact(caller: CallerOf, peer: PeerPath) -> models.Contact:
    """As everybody in the account sees it."""
    office = assemble.office()
    contact = office.contacts.get(caller.account, office.peer(peer))
    if contact is None:
        raise NotFound("this peer has no name yet")
    return models.Contact.of(contact)


@router.put(
    "/contacts/<peer>",
    summary="Name a peer",
    tags=["contacts"],
    operation_id="putContact",
    responses=answers(models.Contact),
)
def put_contact(caller: CallerOf, peer: PeerPath, body: models.ContactName) -> models.Contact:
    """For everybody in the account."""
    office = assemble.office()
    contact = Contact(account=caller.account, peer=office.peer(peer), name=body.name, changed_at=office.clock())
    office.contacts.put(contact)
    return models.Contact.of(contact)


@router.delete(
    "/contacts/<peer>",
    summary="Forget a peer's name",
    tags=["contacts"],
    operation_id="deleteContact",
    status_code=204,
    responses=answers(None, 404, status=204),
)
def delete_contact(caller: CallerOf, peer: PeerPath) -> Response[None]:
    """The conversations stay."""
    office = assemble.office()
    if not office.contacts.remove(caller.account, office.peer(peer)):
        raise NotFound("this peer has no name")
    return Response(status_code=204)


@router.put(
    "/push-subscriptions/<subscription_id>",
    summary="Take pushes in a browser",
    tags=["pushes"],
    operation_id="putPushSubscription",
    status_code=204,
    responses=answers(None, 409, status=204),
)
def put_push_subscription(
    caller: CallerOf, subscription_id: SubscriptionPath, body: models.PushSubscription
) -> Response[None]:
    """Add or renew one; its address must be one of a known push service."""
    _known_service(body.endpoint)
    subscription = PushSubscription(
        id=subscription_id,
        endpoint=body.endpoint,
        p256dh=body.keys.p256dh,
        auth=body.keys.auth,
        show_text=body.show_text,
    )
    assemble.push_subscriptions().put(caller.account, caller.extension, subscription)
    return Response(status_code=204)


@router.delete(
    "/push-subscriptions/<subscription_id>",
    summary="Take no more pushes in a browser",
    tags=["pushes"],
    operation_id="deletePushSubscription",
    status_code=204,
    responses=answers(None, status=204),
)
def delete_push_subscription(caller: CallerOf, subscription_id: SubscriptionPath) -> Response[None]:
    """Whether it was there or not."""
    assemble.push_subscriptions().remove(caller.account, caller.extension, subscription_id)
    return Response(status_code=204)


def _known_service(endpoint: str) -> None:
    if not services.is_known(endpoint, local=config.app().ENVIRONMENT == "local"):
        known = ", ".join(services.PUSH_SERVICES)
        raise BadInput(f"endpoint: an https address of a push service: {known}", code="push_service_unknown")
