"""Our own way of speaking with a gateway, for whoever writes a script or an app: docs/gateway.md describes it.

A text is `{"id", "from", "text", "sent_at"}`, as JSON or as a form. What became of ours is
`{"results": [{"id", "state", "error"}]}`, the state being taken, sent, delivered or failed. A telephone that fetches
its messages is given `{"messages": [{"id", "to", "text"}]}`.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.base import AccountSettings, Answer, DeliveryUpdate, InboundMessage, WebhookRequest
from channels.errors import Unreadable
from channels.fields import Fields, read
from channels.gateway_items import NAME, SENDER, Parcel, as_json, joined, message, moment, said, update

# Whoever says anything of a message of ours has taken it.
RESULTS, TAKEN = "results", "taken"
STATES = {TAKEN: "sent", "sent": "sent", "delivered": "delivered", "failed": "failed"}


def fields(request: WebhookRequest) -> Fields:
    """What stands in a request. JSON is known by its first letter: what is kept for later has no headers."""
    return read(request, is_json=request.body.lstrip()[:1] in (b"{", b"["))


def key(values: Fields) -> str | None:
    """The gateway's own name of the item; None where it has none. Raises Unreadable."""
    reports = _reports(values)
    if reports is not None:
        return joined([f"{each.name('id', NAME)}:{_state(each)}" for each in reports]) if reports else None
    return values.name("id", NAME) if values.has("id") else None


def items(account: AccountSettings, values: Fields) -> list[InboundMessage | DeliveryUpdate]:
    """Everything a request says. Raises Unreadable."""
    reports = _reports(values)
    if reports is not None:
        return [update(account, each.name("id", NAME), STATES[_state(each)], said(each.short("error")))
                for each in reports]
    if "text" not in values:
        raise Unreadable("There is no text in it.")
    own_id = values.name("id", NAME) if values.has("id") else None
    return [message(account, own_id, values.name("from", SENDER), values.text("text"), moment(values, "sent_at"))]


def taken(values: Fields) -> list[str]:
    """The names of messages that the telephone says it has. Raises Unreadable."""
    return [each.name("id", NAME) for each in _reports(values) or ()]


def tells_more(values: Fields) -> bool:
    """Whether a request says of any message more than that the telephone has it."""
    return any(_state(each) != TAKEN for each in _reports(values) or ())


def kept() -> Answer:
    """A text or a report is kept."""
    return as_json({"kept": True})


def parcels(messages: Sequence[Parcel]) -> Answer:
    """What the telephone shall send."""
    return as_json({"messages": [{"id": each.name, "to": each.recipient, "text": each.text} for each in messages]})


def confirmed(names: Sequence[str]) -> Answer:
    """Which of the messages the telephone has are its to send: no others."""
    return as_json({"kept": True, "confirmed": list(names)})


def _reports(values: Fields) -> list[Fields] | None:
    """What became of messages of ours; None where a request speaks of a text that came."""
    if RESULTS in values:
        return values.each(RESULTS)
    return [values] if "state" in values else None


def _state(values: Fields) -> str:
    state = values.name("state")
    if state not in STATES:
        raise Unreadable("The state is none of taken, sent, delivered and failed.")
    return state
