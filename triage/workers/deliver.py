"""One delivery: a transaction to begin, no transaction to send, a transaction to settle."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import cast

from channels.base import OutboundMessage, RemoteFile, Sender
from channels.errors import (
    AccountProblem,
    ChannelError,
    OptedOut,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Suspended,
    Unreachable,
)
from triage import clock, connections, context, logs, media_links
from triage.actions import accepting, contacts, deliveries
from triage.actions.deliveries import SendOrder, Settlement
from triage.crashpoints import crashpoint
from triage.db import let_go, run_in_transaction, unavailable
from triage.queries import files

log = logs.logger(__name__)

SETTLE_SECONDS = 120


def deliver(delivery_id: int) -> bool:
    """Send one delivery if it may leave now; whether an attempt was made. Safe to call at any time, by anybody."""
    asked = clock.steady()
    order = run_in_transaction(lambda: deliveries.begin_attempt(delivery_id))
    if order is None:
        return False
    crashpoint("out.intent")
    settlement = _send(order) if _still_ours(asked) else _too_late(order)
    crashpoint("out.answered")
    _settle(order, settlement)
    crashpoint("out.settled")
    return True


def _still_ours(asked: float) -> bool:
    """Whether the attempt has not outlived its time already: a process that stood still must not send any more.

    The sweep has given such an attempt up, and somebody else may have sent it since.
    """
    return clock.steady() - asked < context.settings().attempt_seconds


def _too_late(order: SendOrder) -> Settlement:
    log.warning("delivery.stood_still", attempt_id=order.attempt_id)
    return Settlement("retry", error="this process stood still for too long", ours=True)


def _settle(order: SendOrder, settlement: Settlement) -> None:
    """Write down what the provider said, for as long as it takes a database that is away to come back."""
    until = clock.steady() + SETTLE_SECONDS
    while True:
        try:
            if not accepting.settle(order.attempt_id, settlement):
                run_in_transaction(lambda: _write_down(order, settlement))
            return
        except Exception as problem:
            if not unavailable(problem) or clock.steady() > until:
                raise
            log.warning("delivery.settled_later", attempt_id=order.attempt_id)
            time.sleep(1)


def _write_down(order: SendOrder, settlement: Settlement) -> None:
    """People are locked before their reports: STOP first, where that is why it was refused."""
    if settlement.opted_out and order.contact_id is not None:
        contacts.told_stop(order.contact_id, order.account_id)
    deliveries.settle(order.attempt_id, settlement)


def _send(order: SendOrder) -> Settlement:
    try:
        sender = _sender(order)
        message = _with_files(order, sender)
    except Exception as problem:
        if unavailable(problem):
            return Settlement("retry", error="the database could not be reached", ours=True)
        log.error("account.unusable", account_id=order.account_id, problem=type(problem).__name__)
        return Settlement("account_problem", error=type(problem).__name__)
    return _answer(order, sender, message)


def _with_files(order: SendOrder, sender: Sender) -> OutboundMessage:
    """The message with its pictures, each at an address where the provider may come for it."""
    if not sender.capabilities.attachments:
        return order.message
    carried = files.carried(order.delivery_id)
    let_go()
    return replace(order.message, media=[RemoteFile(media_links.make(number), kind) for number, kind in carried])


def _sender(order: SendOrder) -> Sender:
    """What sends it. The account was read with the order: no transaction is open while we speak to the network."""
    if order.account is None:
        channel = connections.without_account(order.channel)
    else:
        channel = connections.connect(order.account)
    if not hasattr(channel, "send"):  # to ask whether it has all that a Sender has costs more than all else here
        raise TypeError(f"{order.channel} cannot send")
    return cast("Sender", channel)


def _answer(order: SendOrder, sender: Sender, message: OutboundMessage) -> Settlement:
    repeatable = sender.capabilities.idempotent_send
    try:
        receipt = sender.send(message)
    except ChannelError as problem:
        return _settlement(problem, repeatable=repeatable)
    except Exception as problem:
        log.exception("delivery.unexpected", delivery_id=order.delivery_id)
        return Settlement("unknown", error=type(problem).__name__, repeatable=repeatable)
    return Settlement("accepted", provider_id=receipt.provider_id, delivered=receipt.delivered)


def _settlement(problem: ChannelError, *, repeatable: bool) -> Settlement:
    """What each kind of trouble means for the outbox; its table stands in channels/errors.py."""
    reason = str(problem)[:200]
    match problem:
        case RetryLater():
            return Settlement("retry", error=reason, after=problem.after)
        case Unreachable():
            return Settlement("retry", error=reason)
        case Rejected():
            return Settlement("rejected", error=reason, opted_out=isinstance(problem, OptedOut))
        case AccountProblem():
            return Settlement("account_problem", error=reason, suspended=isinstance(problem, Suspended))
        case OutcomeUnknown():
            return Settlement("unknown", error=reason, repeatable=repeatable)
    return Settlement("unknown", error=reason, repeatable=repeatable)
