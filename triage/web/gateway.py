"""Where gateways call, each at the address of its account: a text has come, or a telephone fetches what it shall send.

Fetching changes something, as an attempt to send begins with it, and SMSSync fetches by GET. So it is answered only to
whoever shows the account's secret, and never to HEAD, which a proxy or a browser might send by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, request
from flask.typing import ResponseReturnValue

from channels.base import Answer, WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.gateway import Gateway, Wish
from channels.gateway_items import Parcel
from triage import clock, connections
from triage.actions import collecting
from triage.actions.collecting import Asker, Shown
from triage.crashpoints import crashpoint
from triage.doors import NothingKnown
from triage.queries import handed
from triage.reach import OutOfReach, reach
from triage.web import durable, webhooks
from triage.web.desk import NUMBER
from triage.web.webhooks import Door
from triage.web.webhooks import bp as bp

HOOK = f"/gateway/<{NUMBER}:account_id>"
MOST = 10  # messages a telephone is handed at a time: it sends them within the time an attempt may take

Serve = Callable[[int, Gateway, WebhookRequest], ResponseReturnValue]


@bp.post(HOOK)
def bring(account_id: int) -> ResponseReturnValue:
    """A text, a report, or SMSSync with a task."""
    return _serve(account_id)


@bp.get(HOOK)
def poll(account_id: int) -> ResponseReturnValue:
    """SMSSync asks for a task."""
    return _serve(account_id)


@bp.post(f"{HOOK}/outbox")
def fetch(account_id: int) -> ResponseReturnValue:
    """A telephone asks what it shall send."""
    return _serve(account_id)


@bp.post(f"{HOOK}/results")
def report(account_id: int) -> ResponseReturnValue:
    """A telephone says which messages it has, and what became of them."""
    return _serve(account_id)


def _serve(account_id: int) -> ResponseReturnValue:
    """403 for whoever does not show the secret, 503 where the database is needed and away."""
    crashpoint("in.arrived")
    gateway, called = _gateway(account_id), webhooks.as_called()
    wish = gateway.wish(called, request.method)
    if request.method == "HEAD" or (request.method == "GET" and wish not in (Wish.FETCH, Wish.NEWS)):
        abort(405)
    try:
        _let_in(account_id, gateway, called, wish)
        crashpoint("in.verified")
        return SERVED[wish](account_id, gateway, called)
    except BadSignature:
        abort(403)
    except (OutOfReach, durable.NotKept):
        return "", 503, durable.RETRY_AFTER


def _gateway(account_id: int) -> Gateway:
    try:
        return connections.gateway_at_door(account_id)
    except LookupError:
        abort(404)
    except NothingKnown:
        abort(503)


def _let_in(account_id: int, gateway: Gateway, called: WebhookRequest, wish: Wish) -> None:
    """Raise BadSignature unless the gateway of this account made the request, a moment ago.

    SMSSync shows no secret when it says which messages it has: there the names are what nobody else can know.
    """
    if wish is Wish.CONFIRM and gateway.shows_names_only:
        if not any(collecting.genuine(account_id, name) for name in _taken(gateway, called)):
            raise BadSignature("It shows none of our names.")
        return
    gateway.verify(called)
    if not gateway.fresh(called, clock.now().timestamp()):
        raise BadSignature("It was signed too long ago, or the gateway's clock is wrong.")


def _taken(gateway: Gateway, called: WebhookRequest) -> list[str]:
    try:
        return gateway.taken(called)
    except Unreadable:
        return []


def _keep(account_id: int, gateway: Gateway, called: WebhookRequest) -> ResponseReturnValue:
    for each in gateway.apart(gateway.without_secret(called)):
        webhooks.keep(Door("gateway", str(account_id)), gateway, each)
    return webhooks.answer(gateway, called)


def _fetch(account_id: int, gateway: Gateway, called: WebhookRequest) -> ResponseReturnValue:
    messages = reach().together(collecting.hand_over, Asker(account_id, MOST)) if gateway.collects else []
    crashpoint("out.intent")
    return _told(gateway.parcels(called, [Parcel(*each) for each in messages]))


def _confirm(account_id: int, gateway: Gateway, called: WebhookRequest) -> ResponseReturnValue:
    """What it has is its to send only once that is written down. What became of it is kept like anything that comes."""
    shown = [Shown(account_id, name) for name in _taken(gateway, called)]
    theirs = [each.name for each in shown if reach().together(collecting.confirm, each)]
    crashpoint("out.settled")
    if gateway.reports(called):
        _keep(account_id, gateway, called)
    return _told(gateway.confirmed(theirs))


def _news(account_id: int, gateway: Gateway, _called: WebhookRequest) -> ResponseReturnValue:
    return _told(gateway.awaited(reach().together(handed.awaited, account_id)))


def _told(answer: Answer) -> ResponseReturnValue:
    return answer.body, 200, {"Content-Type": answer.content_type}


SERVED: dict[Wish, Serve] = {Wish.KEEP: _keep, Wish.FETCH: _fetch, Wish.CONFIRM: _confirm, Wish.NEWS: _news}
