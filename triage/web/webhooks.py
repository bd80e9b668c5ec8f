"""Where providers call: verified before anything is read, journalled before anything is understood."""

from __future__ import annotations

from flask import Blueprint, abort, request

from channels.base import WebhookReceiver, WebhookRequest
from channels.errors import BadSignature
from triage import connections, context
from triage.actions import ingest
from triage.crashpoints import crashpoint
from triage.db import run_in_transaction

bp = Blueprint("webhooks", __name__, url_prefix="/hooks")

MOST_BYTES = 65_536


@bp.post("/<provider>/<channel>")
def receive(provider: str, channel: str) -> tuple[str, int]:
    """200 for kept and for already kept, 403 for a bad signature; never an error for what an item says."""
    crashpoint("in.arrived")
    receiver, called = _receiver(channel, provider), _request()
    try:
        receiver.verify(called)
    except BadSignature:
        abort(403)
    crashpoint("in.verified")
    arrival = ingest.Arrival(provider, channel, _name(receiver, called), called.body, called.headers["Content-Type"])
    run_in_transaction(lambda: ingest.receive(arrival, lambda: receiver.parse(called)))
    crashpoint("in.committed")
    return "", 200


def _receiver(channel: str, provider: str) -> WebhookReceiver:
    try:
        return connections.receiver(channel, provider)
    except LookupError:
        abort(404)


def _request() -> WebhookRequest:
    request.max_content_length = MOST_BYTES
    headers = {"Content-Type": request.content_type or "", **dict(request.headers)}
    body = request.get_data(cache=True)
    # The address providers sign is the configured one: headers such as Host are claims.
    return WebhookRequest(context.settings().public_url + request.full_path.rstrip("?"), headers, request.form, body)


def _name(receiver: WebhookReceiver, called: WebhookRequest) -> str | None:
    """The provider's name of the item; an item too broken to have one is named by its bytes."""
    try:
        return receiver.external_key(called)
    except Exception:  # a signed item is kept whatever it looks like
        return None
