"""Where providers call: verified before anything is read, kept before anything is understood.

Settings and keys in memory are enough for that: with the database away an item waits in the spool.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from channels.base import Answerer, WebhookReceiver, WebhookRequest
from channels.errors import BadSignature
from triage import clock, connections, context
from triage.actions.arrivals import Hook
from triage.crashpoints import crashpoint
from triage.web import durable

bp = Blueprint("webhooks", __name__, url_prefix="/hooks")

MOST_BYTES = 65_536


@bp.post("/<provider>/<hook>")
def receive(provider: str, hook: str) -> ResponseReturnValue:
    """200 for kept and for already kept, 403 for a bad signature, 503 where nothing can be kept.

    Never an error for what an item says. The answer is what the provider waits for, the same each time it asks.
    """
    crashpoint("in.arrived")
    receiver, called = _receiver(hook, provider), as_called()
    try:
        receiver.verify(called)
        crashpoint("in.verified")
        keep(Door(provider, hook), receiver, called)
    except BadSignature:
        abort(403)
    except durable.NotKept:
        return "", 503, durable.RETRY_AFTER
    return answer(receiver, called)


class Door(NamedTuple):
    """Which address it was: whose, and its last part."""

    provider: str
    hook: str


def keep(door: Door, receiver: WebhookReceiver, called: WebhookRequest) -> None:
    """Keep a verified request under its provider's name for it. Raises durable.NotKept."""
    name, kind = _name(receiver, called), called.headers["Content-Type"]
    durable.keep(Hook(*door, name, called.body, kind, clock.now(), called.url))
    crashpoint("in.committed")


def answer(receiver: WebhookReceiver, called: WebhookRequest) -> ResponseReturnValue:
    """What the provider goes on with. Without it a text provider might send our page to the citizen as an answer."""
    if not connections.answers(receiver):
        return "", 200
    said = cast(Answerer, receiver).answer(called)
    return said.body, 200, {"Content-Type": said.content_type}


def _receiver(hook: str, provider: str) -> WebhookReceiver:
    try:
        return connections.at_door(hook, provider)
    except LookupError:
        abort(404)


def as_called() -> WebhookRequest:
    """The request as an adapter reads it."""
    request.max_content_length = MOST_BYTES
    headers = {"Content-Type": request.content_type or "", **dict(request.headers)}
    body = request.get_data(cache=True)
    # The address providers sign is the configured one: headers such as Host are claims.
    form = {} if request.is_json else request.form
    return WebhookRequest(context.settings().public_url + request.full_path.rstrip("?"), headers, form, body)


def _name(receiver: WebhookReceiver, called: WebhookRequest) -> str | None:
    """The provider's name of the item; an item too broken to have one is named by its bytes."""
    try:
        return receiver.external_key(called)
    except Exception:  # a signed item is kept whatever it looks like
        return None
