"""Accounts: whose they are, how they fare, what they may cost, and who answers. Secrets go in, never out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from triage import connections, context
from triage.actions import accounts as change
from triage.actions import earlier_keys, trials
from triage.db import run_in_transaction
from triage.errors import BadInput, OptedOut, TriageError
from triage.models.desk import SENDER_RULES
from triage.queries import accounts, costs, forecast, people, sending, transfers
from triage.rights import Right
from triage.sealing import SealBroken
from triage.web import errors, forms, gateways, terms
from triage.web.access import actor, admits
from triage.web.desk import NUMBER

bp = Blueprint("accounts", __name__)

ACCOUNT = f"/accounts/<{NUMBER}:account_id>"
SECRET = "secret"  # noqa: S105 - a field that is never shown again


@bp.get("/accounts")
@admits(Right.MANAGE_ACCOUNTS)
def everything() -> ResponseReturnValue:
    """The table, and the sender rule of each channel."""
    return _table()


def _table(status: int = 200, trouble: str = "") -> ResponseReturnValue:
    answered = (channel for channel in connections.offered() if connections.capabilities(channel).can_reply)
    rules = {channel: sending.rule(channel) for channel in answered}
    return render_template("accounts/accounts.html", lines=accounts.lines(actor()), rules=rules, trouble=trouble,
                           sender_rules=SENDER_RULES), status


@bp.get("/accounts/new")
@admits(Right.MANAGE_ACCOUNTS)
def fresh() -> ResponseReturnValue:
    """The form to add an account."""
    return _form()


def _form(status: int = 200, trouble: str = "", wrong: str = "") -> ResponseReturnValue:
    providers = connections.offered()
    return render_template(
        "accounts/new.html", channels=list(providers), providers=providers, owners=people.on_shift_choices(actor()),
        typed=_typed(), currency=_currency(), trouble=trouble, wrong=wrong,
    ), status


def _currency() -> str:
    return context.settings().currency


def _typed() -> Mapping[str, str]:
    """What a refused form said, to be shown again; never a secret."""
    return {name: value for name, value in request.form.items() if name != SECRET}


@bp.post("/accounts")
@admits(Right.MANAGE_ACCOUNTS)
def add() -> ResponseReturnValue:
    """Add an account: shared, or somebody's own."""
    try:
        added = run_in_transaction(_added())
    except BadInput as problem:
        return _form(problem.status, errors.sentence(problem), problem.field)
    flash(_("The account is added."), "calm")
    return redirect(url_for("accounts.one", account_id=added), 303)


def _added() -> Callable[[], int]:
    """What the form asks for, read before the transaction begins. Raises BadInput."""
    asked: dict[str, Any] = {
        "provider": forms.text("provider", most=40) or None, "operator_id": forms.optional_whole("operator"),
        "can_receive": forms.ticked("can_receive"), "can_send": forms.ticked("can_send"), "terms": terms.posted(),
        "secret": forms.secret(SECRET), "actor": actor(),
    }
    channel, address = forms.text("channel", most=40), forms.text("address", most=254, required=True)
    return lambda: change.add_account(channel, address, **asked).id


@bp.get(ACCOUNT)
@admits(Right.MANAGE_ACCOUNTS)
def one(account_id: int) -> ResponseReturnValue:
    """Everything about one account."""
    return _account(account_id)


def _account(account_id: int, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    line = accounts.one(account_id, actor())
    return render_template(
        "accounts/account.html", line=line, trouble=trouble, values=terms.shown(line, _typed()),
        capabilities=connections.capabilities(line.channel, line.provider), keys=_key_count(account_id),
        two_keys=connections.keeps_two_keys(line.provider), common=bool(connections.common_secret(line.provider)),
        trials=accounts.trials(account_id, actor()), priced=costs.priced(line.channel, line.provider),
        drained_at=forecast.drained_at(accounts.load(account_id, actor())),
        plan=transfers.plan(account_id, line.operator_id, actor()), key=uuid4().hex, currency=_currency(),
        gateway=gateways.card(accounts.load(account_id, actor()), _typed()),
    ), status


def _key_count(account_id: int) -> int:
    """How many keys it has; -1 where nobody can open them any more."""
    try:
        return connections.key_count(accounts.load(account_id, actor()))
    except SealBroken:
        return -1


def _done(account_id: int, act: Callable[[], object], said: str) -> ResponseReturnValue:
    """Run one change; come back to the account (or to the table it was asked on), or say why it was refused."""
    try:
        run_in_transaction(act)
    except (BadInput, OptedOut) as problem:
        return _account(account_id, problem.status, errors.sentence(problem))
    flash(said, "calm")
    if forms.text("back", most=10) == "table":
        return redirect(url_for("accounts.everything"), 303)
    return redirect(url_for("accounts.one", account_id=account_id), 303)


@bp.post(ACCOUNT)
@admits(Right.MANAGE_ACCOUNTS)
def edit(account_id: int) -> ResponseReturnValue:
    """How it signs, its limits, its budget and its stop level."""
    one = actor()
    try:
        wanted = terms.posted()
    except BadInput as problem:
        return _account(account_id, problem.status, errors.sentence(problem))
    return _done(account_id, lambda: change.change(account_id, one, wanted), _("Saved."))


@bp.post(f"{ACCOUNT}/pause")
@admits(Right.MANAGE_ACCOUNTS)
def pause(account_id: int) -> ResponseReturnValue:
    """Nothing leaves from it until somebody resumes it."""
    one = actor()
    return _done(account_id, lambda: change.pause(account_id, one), _("Paused. What waits keeps waiting."))


@bp.post(f"{ACCOUNT}/resume")
@admits(Right.MANAGE_ACCOUNTS)
def resume(account_id: int) -> ResponseReturnValue:
    """It may send again."""
    one = actor()
    return _done(account_id, lambda: change.resume(account_id, one), _("It may send again."))


@bp.post(f"{ACCOUNT}/secret")
@admits(Right.MANAGE_ACCOUNTS)
def secret(account_id: int) -> ResponseReturnValue:
    """A new key; the old one is forgotten, or stays valid beside it."""
    one, new, keep = actor(), forms.secret(SECRET), forms.ticked("keep_old")
    said = _("The new key sends. The old one stays valid until you forget it.") if keep else _("The key is replaced.")
    return _done(account_id, lambda: change.replace_secret(account_id, new, one, keep_old=keep), said)


@bp.post(f"{ACCOUNT}/forget")
@admits(Right.MANAGE_ACCOUNTS)
def forget(account_id: int) -> ResponseReturnValue:
    """The old key is not believed any more."""
    one = actor()
    return _done(account_id, lambda: change.forget_old_secret(account_id, one), _("Only the new key is valid now."))


@bp.post(f"{ACCOUNT}/restore")
@admits(Right.MANAGE_ACCOUNTS)
def restore(account_id: int) -> ResponseReturnValue:
    """The new key was wrong: back to the one before."""
    one = actor()
    return _done(account_id, lambda: earlier_keys.restore_old_secret(account_id, one),
                 _("The old key sends again. The new one is forgotten."))


@bp.post(f"{ACCOUNT}/give-up")
@admits(Right.MANAGE_ACCOUNTS)
def give_up(account_id: int) -> ResponseReturnValue:
    """Its own key is forgotten: it speaks with the desk's."""
    one = actor()
    return _done(account_id, lambda: earlier_keys.give_up_secret(account_id, one),
                 _("This account speaks with the desk’s key now."))


@bp.post(f"{ACCOUNT}/options")
@admits(Right.MANAGE_ACCOUNTS)
def options(account_id: int) -> ResponseReturnValue:
    """Settings of the provider's own, a line each."""
    one = actor()
    try:
        wanted = terms.options(forms.text("options", most=8000))
    except BadInput as problem:
        return _account(account_id, problem.status, errors.sentence(problem))
    return _done(account_id, lambda: change.set_options(account_id, wanted, one), _("Saved."))


@bp.post(f"{ACCOUNT}/test")
@admits(Right.MANAGE_ACCOUNTS)
def test(account_id: int) -> ResponseReturnValue:
    """One sentence to a number of ours, sent by whoever sends everything else."""
    one, to, key = actor(), forms.text("to", most=254), forms.form_key()
    return _done(account_id, lambda: trials.send_test(account_id, to, key, one),
                 _("The test is on its way. Look below what became of it."))


@bp.get(f"{ACCOUNT}/transfer")
@admits(Right.MANAGE_ACCOUNTS)
def plan(account_id: int) -> ResponseReturnValue:
    """To whom it could go; and with `to`, what would become of everything that hangs on it."""
    return _plan(account_id)


def _plan(account_id: int, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    line, to = accounts.one(account_id, actor()), request.values.get("to", request.values.get("operator"))
    chosen = int(to) if to and to.isascii() and to.isdecimal() and len(to) < 19 else None
    return render_template(
        "accounts/transfer.html", line=line, owners=people.on_shift_choices(actor()), chosen=chosen,
        asked=to is not None and chosen != line.operator_id, plan=transfers.plan(account_id, chosen, actor()),
        rule=sending.rule(line.channel), trouble=trouble,
    ), status


@bp.post(f"{ACCOUNT}/transfer")
@admits(Right.MANAGE_ACCOUNTS)
def transfer(account_id: int) -> ResponseReturnValue:
    """Give it to somebody else; answers that waited become drafts."""
    one, to = actor(), forms.optional_whole("operator")
    try:
        drafts = run_in_transaction(lambda: change.transfer(account_id, to, one))
    except BadInput as problem:
        return _plan(account_id, problem.status, errors.sentence(problem))
    said = ngettext("%(num)s waiting answer became a draft.", "%(num)s waiting answers became drafts.", drafts)
    flash(_("Transferred.") + (f" {said}" if drafts else ""), "calm")
    return redirect(url_for("accounts.one", account_id=account_id), 303)


@bp.post("/accounts/rules")
@admits(Right.MANAGE_ACCOUNTS)
def rule() -> ResponseReturnValue:
    """Which account answers on a channel."""
    one, channel, wanted = actor(), forms.text("channel", most=40), forms.text("rule", most=40)
    try:
        run_in_transaction(lambda: change.set_rule(channel, wanted, one))
    except TriageError as problem:
        return _table(problem.status, errors.sentence(problem))
    flash(_("Saved."), "calm")
    return redirect(url_for("accounts.everything"), 303)
