"""Accounts: our identities at providers. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from triage import addresses, clock, connections, context, events
from triage.actions import matters, outbox
from triage.db import LOCK, db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Account, Delivery, Operator, Report, SenderRule
from triage.models.deliveries import WAITING
from triage.models.desk import SENDER_RULES
from triage.queries import scope
from triage.rights import Right
from triage.statements import insert_once

MOST_LABEL, MOST_SECRET, MOST_WINDOWS, MOST_SECONDS = 120, 4000, 4, 31 * 86400

UNKNOWN_CHANNEL = N_("There is no channel called %(channel)s that needs an account.")
UNKNOWN_PROVIDER = N_("%(channel)s cannot be carried by %(provider)s.")
ALREADY_THERE = N_("The account %(address)s is on this desk already.")
DOES_NOTHING = N_("An account must receive, send, or both.")
UNKNOWN_OPERATOR = N_("An account can belong only to somebody active who answers reports.")
BAD_LABEL = N_("The name citizens see has at most %(most)s characters.")
BAD_SECRET = N_("The key is longer than %(most)s characters.")
BAD_LIMITS = N_("A limit is a number of messages in a number of seconds, both above 0.")
UNKNOWN_RULE = N_("Choose who answers: the holder's own account, a shared one, or the one written to.")


def add_account(  # noqa: PLR0913 - all but two have defaults and are given by name
    channel: str, address: str, *, provider: str | None = None, operator_id: int | None = None,
    can_receive: bool = True, can_send: bool | None = None, label: str = "", secret: str = "",
    limits: Sequence[Sequence[int]] | None = None, actor: Operator | None = None,
) -> Account:
    """A new account: shared (receives; sends only if `can_send` is said), or an operator's own (does both).

    `limits` are [count, seconds] windows; None takes the channel's own. `actor` None is the command
    line. Raises BadInput with a sentence, or Forbidden.
    """
    _may(actor)
    carrier = _provider(channel, provider)
    sends = (operator_id is not None) if can_send is None else can_send
    if not (sends or can_receive):
        raise BadInput(DOES_NOTHING, "can_receive")
    spelled = _address(channel, carrier, address)
    added = insert_once(
        Account, ("channel", "provider", "address"), channel=channel, provider=carrier, address=spelled,
        label=_label(label), can_receive=can_receive, can_send=sends, operator_id=_owner(operator_id),
        limits=_limits(limits), created_at=clock.now(),
    )
    if added is None:
        raise BadInput(ALREADY_THERE, "address", address=spelled)
    account = db.session.get_one(Account, added)
    account.secret_sealed = _sealed(account, secret)
    _note(Kind.ACCOUNT_ADDED, account, actor, channel=channel, provider=carrier, owner=operator_id)
    return account


def pause(account_id: int, actor: Operator) -> None:
    """Nothing leaves from this account until somebody resumes it; what waits keeps waiting."""
    account = _locked(account_id, actor)
    if account.paused_at is None:
        account.paused_at = clock.now()
        _note(Kind.ACCOUNT_CHANGED, account, actor, what="paused")


def resume(account_id: int, actor: Operator) -> None:
    """The account may send again, also where its provider had asked to wait or it was broken."""
    _may(actor)
    account = db.session.get(Account, account_id)
    if account is not None and _stands_still(account):
        outbox.hurry(account_id)  # deliveries are locked before their account
    account = _locked(account_id, actor)
    if _stands_still(account):
        account.paused_at = account.paused_until = account.paused_why = None
        account.trouble = account.troubled_at = account.needs_attention = None
        _note(Kind.ACCOUNT_CHANGED, account, actor, what="resumed")


def _stands_still(account: Account) -> bool:
    return bool(account.paused_at or account.paused_until or account.needs_attention)


def transfer(account_id: int, to_operator_id: int | None, actor: Operator) -> int:
    """Give the account to another operator (None: shared). Answers that still wait become drafts; how many.

    Nobody sends from another's account: an answer written by the former owner does not leave any more.
    """
    _may(actor)
    owner = _owner(to_operator_id)
    waiting = _lock_waiting(account_id)
    account = _locked(account_id, actor)
    if account.operator_id == owner:
        return 0
    account.operator_id = owner
    _note(Kind.ACCOUNT_CHANGED, account, actor, what="transferred", owner=owner)
    for delivery, report in waiting:
        outbox.cancel(delivery, "account_transferred")
        matters.reckon(report)
    return len(waiting)


def _lock_waiting(account_id: int) -> list[tuple[Delivery, Report]]:
    """What waits to leave from an account, locked before it: report, delivery, account is the order.

    An answer that is being accepted just now is not among them; `begin_attempt` lets it go no further.
    """
    waits = Delivery.account_id == account_id, Delivery.state.in_(WAITING), Delivery.purpose == "reply"
    numbers = db.session.scalars(select(Delivery.report_id).where(*waits).distinct().order_by(Delivery.report_id)).all()
    reports = {number: matters.lock(number) for number in numbers}
    query = select(Delivery).where(*waits, Delivery.report_id.in_(numbers)).order_by(Delivery.id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return [(delivery, reports[delivery.report_id]) for delivery in db.session.scalars(locked)]


def replace_secret(account_id: int, secret: str, actor: Operator) -> None:
    """A new key for the provider; an account that was broken may try again."""
    account = _locked(account_id, actor)
    if not secret:
        raise BadInput(N_("The new key is empty."), "secret")
    account.secret_sealed = _sealed(account, secret)
    account.trouble = account.troubled_at = account.needs_attention = None
    _note(Kind.ACCOUNT_CHANGED, account, actor, what="secret")


def change(account_id: int, actor: Operator, *, label: str, limits: Sequence[Sequence[int]] | None) -> None:
    """The name citizens see and the limits (None, or the same as the channel's own: follow the channel)."""
    account = _locked(account_id, actor)
    usual = [list(window) for window in connections.capabilities(account.channel, account.provider).default_limits]
    windows = _limits(limits)
    wanted: dict[str, Any] = {"label": _label(label), "limits": None if windows == usual else windows}
    changed = [key for key, value in wanted.items() if getattr(account, key) != value]
    for key in changed:
        setattr(account, key, wanted[key])
    if changed:
        _note(Kind.ACCOUNT_CHANGED, account, actor, what="changed", changed=changed)


def set_rule(channel: str, rule: str, actor: Operator | None = None) -> None:
    """Which account answers on a channel: holder, pool or arrival."""
    _may(actor)
    if channel not in connections.channels():
        raise BadInput(UNKNOWN_CHANNEL, "channel", channel=channel)
    if rule not in SENDER_RULES:
        raise BadInput(UNKNOWN_RULE, "rule")
    insert_once(SenderRule, ("channel",), channel=channel, rule="holder")  # what a channel without a row has
    row = db.session.get_one(SenderRule, channel, with_for_update=LOCK, populate_existing=True)
    if row.rule == rule:
        return
    row.rule = rule
    events.record(Kind.SENDER_RULE_SET, None, actor.id if actor else None, channel=channel, rule=rule)


def _locked(account_id: int, actor: Operator) -> Account:
    _may(actor)
    account = db.session.get(Account, account_id, with_for_update=LOCK, populate_existing=True)
    if account is None:
        raise NotFound
    return account


def _may(actor: Operator | None) -> None:
    if actor is not None:
        scope.require(actor, Right.MANAGE_ACCOUNTS)


def _note(kind: Kind, account: Account, actor: Operator | None, **data: object) -> None:
    events.record(kind, None, actor.id if actor else None, account=account.id, **data)


def _provider(channel: str, provider: str | None) -> str:
    known = connections.providers(channel)
    if not known or not connections.capabilities(channel).needs_account:
        raise BadInput(UNKNOWN_CHANNEL, "channel", channel=channel)
    if provider and provider not in known:
        raise BadInput(UNKNOWN_PROVIDER, "provider", channel=channel, provider=provider)
    return provider or known[0]


def _address(channel: str, provider: str, address: str) -> str:
    kind = connections.capabilities(channel, provider).address_kind
    return addresses.normalise(kind, address, context.settings().default_region)


def _owner(operator_id: int | None) -> int | None:
    if operator_id is None:
        return None
    owner = db.session.get(Operator, operator_id)
    if owner is None or not owner.active or not owner.reads_reports:
        raise BadInput(UNKNOWN_OPERATOR, "operator")
    return owner.id


def _label(text: str) -> str:
    label = " ".join(text.split())
    if len(label) > MOST_LABEL or not label.isprintable():
        raise BadInput(BAD_LABEL, "label", most=MOST_LABEL)
    return label


def _limits(limits: Sequence[Sequence[int]] | None) -> list[list[int]] | None:
    if limits is None:
        return None
    found = [list(window) for window in limits]
    right = all(len(window) == 2 and window[0] > 0 and 0 < window[1] <= MOST_SECONDS for window in found)
    if len(found) > MOST_WINDOWS or not right:
        raise BadInput(BAD_LIMITS, "limits")
    return found


def _sealed(account: Account, secret: str) -> bytes | None:
    if len(secret) > MOST_SECRET:
        raise BadInput(BAD_SECRET, "secret", most=MOST_SECRET)
    return context.keyring().seal(secret, account.secret_context) if secret else None
