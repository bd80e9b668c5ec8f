"""Accounts: our identities at providers. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from triage import addresses, clock, connections, context, events
from triage.actions import keys, matters, outbox
from triage.db import LOCK, db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Account, Delivery, Operator, Report, SenderRule
from triage.models.deliveries import WAITING
from triage.models.desk import SENDER_RULES
from triage.queries import scope, sending
from triage.rights import Right
from triage.statements import insert_once

MOST_LABEL, MOST_WINDOWS, MOST_SECONDS, MOST_COUNT = 120, 6, 31 * 86400, 10**7
MOST_MICROS = 10**15  # a thousand million, of whatever currency

UNKNOWN_CHANNEL = N_("There is no channel called %(channel)s that needs an account.")
UNKNOWN_PROVIDER = N_("%(channel)s cannot be carried by %(provider)s.")
ALREADY_THERE = N_("The account %(address)s is on this desk already.")
DOES_NOTHING = N_("An account must receive, send, or both.")
UNKNOWN_OPERATOR = N_("An account can belong only to somebody active who answers reports.")
BAD_LABEL = N_("The name citizens see has at most %(most)s characters.")
BAD_LIMITS = N_("A limit is a number of messages in a number of seconds, both above 0.")
BAD_MONEY = N_("A budget or a stop level is an amount of 0 or more.")
STOP_FIRST = N_("The stop level is below the budget, which should warn first. Raise it, or lower the budget.")
ONE_WAY = N_("Nobody can answer a sender name, so it can only send. A shared or an own number can receive.")
UNKNOWN_RULE = N_("Choose who answers: the holder's own account, a shared one, or the one written to.")


@dataclass(frozen=True)
class Terms:
    """What may be changed of an account: how it signs, how fast it sends, what it may cost in 24 hours.

    `limits` are [count, seconds] windows; None takes what is usual for its provider and the kind of its number.
    Money is in millionths of the desk's currency; None: no such level.
    """

    label: str = ""
    limits: Sequence[Sequence[int]] | None = None
    budget_micros: int | None = None
    ceiling_micros: int | None = None


def add_account(  # noqa: PLR0913 - all but two have defaults and are given by name
    channel: str, address: str, *, provider: str | None = None, operator_id: int | None = None,
    can_receive: bool = True, can_send: bool | None = None, terms: Terms | None = None, secret: str = "",
    options: Mapping[str, str] | None = None, actor: Operator | None = None,
) -> Account:
    """A new account: shared (receives; sends only if `can_send` is said), or an operator's own (does both).

    A sender name (letters instead of a number) can send and never receive. `options` are a provider's own settings
    that are no secrets. `actor` None is the command line.
    Raises BadInput with a sentence, or Forbidden.
    """
    may(actor)
    carrier = _provider(channel, provider)
    spelled = _address(channel, carrier, address)
    named = channel == "sms" and addresses.sender_name(spelled) is not None
    receives = can_receive and not named
    sends = _sends(channel, carrier, (operator_id is not None or named) if can_send is None else can_send)
    if not (sends or receives):
        raise BadInput(ONE_WAY if named else DOES_NOTHING, "can_receive")
    added = insert_once(
        Account, ("channel", "provider", "address"), channel=channel, provider=carrier, address=spelled, label="",
        can_receive=receives, can_send=sends, operator_id=_owner(operator_id), created_at=clock.now(), turn=0,
    )
    if added is None:
        raise BadInput(ALREADY_THERE, "address", address=spelled)
    account = db.session.get_one(Account, added)
    _agree(account, terms or Terms())
    account.secret_sealed = keys.sealed(account, secret)
    account.options = _options(account, options or {})
    note(Kind.ACCOUNT_ADDED, account, actor, channel=channel, provider=carrier, owner=operator_id)
    return account


def _sends(channel: str, provider: str, wanted: bool) -> bool:  # noqa: FBT001 - what was asked for
    return wanted and connections.capabilities(channel, provider).can_reply


def pause(account_id: int, actor: Operator) -> None:
    """Nothing leaves from this account until somebody resumes it; what waits keeps waiting."""
    account = locked(account_id, actor)
    if account.paused_at is None:
        account.paused_at = clock.now()
        note(Kind.ACCOUNT_CHANGED, account, actor, what="paused")


def resume(account_id: int, actor: Operator) -> None:
    """The account may send again, also where its provider had asked to wait or it was broken."""
    may(actor)
    account = db.session.get(Account, account_id)
    if account is not None and _stands_still(account):
        outbox.hurry(account_id)  # deliveries are locked before their account
    account = locked(account_id, actor)
    if _stands_still(account):
        account.paused_at = account.paused_until = account.paused_why = None
        account.trouble = account.troubled_at = account.needs_attention = None
        account.next_slot_at = None  # counted anew by whoever begins next
        note(Kind.ACCOUNT_CHANGED, account, actor, what="resumed")


def _stands_still(account: Account) -> bool:
    return bool(account.paused_at or account.paused_until or account.needs_attention)


def transfer(account_id: int, to_operator_id: int | None, actor: Operator) -> int:
    """Give the account to another operator (None: shared). Answers that still wait become drafts; how many.

    Nobody sends from another's account: an answer written by the former owner does not leave any more.
    """
    may(actor)
    owner = _owner(to_operator_id)
    waiting = _lock_waiting(account_id)
    account = locked(account_id, actor)
    if account.operator_id == owner:
        return 0
    account.operator_id = owner
    note(Kind.ACCOUNT_CHANGED, account, actor, what="transferred", owner=owner)
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
    reports = matters.lock_all(numbers)
    query = select(Delivery).where(*waits, Delivery.report_id.in_(numbers)).order_by(Delivery.id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return [(delivery, reports[delivery.report_id]) for delivery in db.session.scalars(locked)]


def change(account_id: int, actor: Operator, terms: Terms) -> None:
    """New terms; limits like those the channel has anyway follow the channel from then on."""
    account = locked(account_id, actor)
    changed = _agree(account, terms)
    if changed:
        account.next_slot_at = None  # the new limits say when
        note(Kind.ACCOUNT_CHANGED, account, actor, what="changed", changed=changed)


def set_options(account_id: int, options: Mapping[str, str], actor: Operator) -> None:
    """A provider's own settings, all of them anew; an account that was broken may try again. BadInput."""
    account = locked(account_id, actor)
    account.options = _options(account, options)
    account.trouble = account.troubled_at = account.needs_attention = None
    note(Kind.ACCOUNT_CHANGED, account, actor, what="options")


def _options(account: Account, options: Mapping[str, str]) -> dict[str, str] | None:
    problem = connections.option_problem(account.channel, account.provider, options)
    if problem is not None:
        raise BadInput(problem, "options")
    return dict(options) or None


def _agree(account: Account, terms: Terms) -> list[str]:
    """Set what differs; the names of what did. Raises BadInput before anything is set."""
    wanted = {"label": _label(terms.label), "limits": _windows(account, terms.limits), **_money(terms)}
    changed = [key for key, value in wanted.items() if getattr(account, key) != value]
    for key in changed:
        setattr(account, key, wanted[key])
    return changed


def _windows(account: Account, limits: Sequence[Sequence[int]] | None) -> list[list[int]] | None:
    """The windows to store; None where they are the channel's own."""
    channels_own = [list(each) for each in connections.capabilities(account.channel, account.provider).default_limits]
    usual = connections.default_limits(account.channel, account.provider, account.address)
    wanted = usual if limits is None else _checked(limits)
    return None if wanted == channels_own else wanted


def _money(terms: Terms) -> dict[str, int | None]:
    budget, ceiling = terms.budget_micros, terms.ceiling_micros
    for field, micros in (("budget", budget), ("ceiling", ceiling)):
        if micros is not None and not 0 <= micros <= MOST_MICROS:
            raise BadInput(BAD_MONEY, field)
    if budget is not None and ceiling is not None and ceiling < budget:
        raise BadInput(STOP_FIRST, "ceiling")
    return {"budget_micros": budget, "ceiling_micros": ceiling}


def replace_secret(account_id: int, secret: str, actor: Operator, *, keep_old: bool = False) -> None:
    """A new key for the provider; an account that was broken may try again.

    With `keep_old` the one that sent until now stays valid for what the provider signs, until `forget_old_secret`.
    """
    may(actor)
    outbox.hurry(account_id)  # deliveries are locked before their account
    account = locked(account_id, actor)
    account.secret_sealed = keys.replaced(account, secret, keep_old=keep_old)
    account.trouble = account.troubled_at = account.needs_attention = None
    note(Kind.ACCOUNT_CHANGED, account, actor, what="secret", kept_old=keep_old)


def forget_old_secret(account_id: int, actor: Operator) -> None:
    """From now on only the newest key is believed."""
    account = locked(account_id, actor)
    if connections.key_count(account) > 1:
        account.secret_sealed = keys.newest(account)
        note(Kind.ACCOUNT_CHANGED, account, actor, what="old_secret_forgotten")


def set_rule(channel: str, rule: str, actor: Operator | None = None) -> None:
    """Which account answers on a channel: holder, pool or arrival."""
    may(actor)
    if channel not in connections.channels():
        raise BadInput(UNKNOWN_CHANNEL, "channel", channel=channel)
    if rule not in SENDER_RULES:
        raise BadInput(UNKNOWN_RULE, "rule")
    insert_once(SenderRule, ("channel",), channel=channel, rule=sending.rule(channel))
    row = db.session.get_one(SenderRule, channel, with_for_update=LOCK, populate_existing=True)
    if row.rule == rule:
        return
    row.rule = rule
    events.record(Kind.SENDER_RULE_SET, None, actor.id if actor else None, channel=channel, rule=rule)


def locked(account_id: int, actor: Operator | None) -> Account:
    """The account, locked and read afresh, for somebody who may change it. NotFound, Forbidden."""
    may(actor)
    account = db.session.get(Account, account_id, with_for_update=LOCK, populate_existing=True)
    if account is None:
        raise NotFound
    return account


def may(actor: Operator | None) -> None:
    """Forbidden unless `actor` manages accounts; the command line (None) does."""
    if actor is not None:
        scope.require(actor, Right.MANAGE_ACCOUNTS)


def note(kind: Kind, account: Account, by: Operator | None, **data: object) -> None:
    """Put a change of an account into the history."""
    events.record(kind, None, by.id if by else None, account=account.id, **data)


def _provider(channel: str, provider: str | None) -> str:
    known = connections.providers(channel)
    if not known or not connections.capabilities(channel).needs_account:
        raise BadInput(UNKNOWN_CHANNEL, "channel", channel=channel)
    if provider and provider not in known:
        raise BadInput(UNKNOWN_PROVIDER, "provider", channel=channel, provider=provider)
    return provider or known[0]


def _address(channel: str, provider: str, address: str) -> str:
    kind = connections.capabilities(channel, provider).address_kind
    named = addresses.sender_name(address) if channel == "sms" else None
    return named or addresses.normalise(kind, address, context.settings().default_region)


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


def _checked(limits: Sequence[Sequence[int]]) -> list[list[int]]:
    found = [list(window) for window in limits]
    right = all(len(window) == 2 and 0 < window[0] <= MOST_COUNT and 0 < window[1] <= MOST_SECONDS for window in found)
    if len(found) > MOST_WINDOWS or not right:
        raise BadInput(BAD_LIMITS, "limits")
    return found
