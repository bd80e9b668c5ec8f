"""Accounts: whose they are, how they fare, and the sender rule of each channel. Secrets go in, never out."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from triage import connections
from triage.actions import accounts as change
from triage.db import run_in_transaction
from triage.errors import N_, BadInput
from triage.models.desk import SENDER_RULES
from triage.queries import accounts, people
from triage.queries.shapes import AccountLine
from triage.rights import Right
from triage.web import errors, forms
from triage.web.access import actor, admits
from triage.web.desk import NUMBER

bp = Blueprint("accounts", __name__)

ACCOUNT = f"/accounts/<{NUMBER}:account_id>"
BAD_LIMITS = N_("Write limits as messages/seconds, such as 10/60 for ten a minute; several with a comma between.")


@bp.get("/accounts")
@admits(Right.MANAGE_ACCOUNTS)
def everything() -> ResponseReturnValue:
    """The table, the sender rules, and the form to add an account."""
    return _page()


def _page(status: int = 200, trouble: str = "") -> ResponseReturnValue:
    channels = connections.channels()
    page = render_template(
        "accounts/accounts.html", lines=accounts.lines(actor()), rules=accounts.rules(), sender_rules=SENDER_RULES,
        channels=channels, providers={channel: connections.providers(channel) for channel in channels},
        owners=people.on_shift_choices(actor()), trouble=trouble,
    )
    return page, status


def _done(act: Callable[[], object], said: str) -> ResponseReturnValue:
    """Run one change; come back to the table, or show it with the reason of the refusal."""
    try:
        run_in_transaction(act)
    except BadInput as problem:
        return _page(problem.status, errors.sentence(problem))
    flash(said, "calm")
    return redirect(url_for("accounts.everything"), 303)


@bp.post("/accounts")
@admits(Right.MANAGE_ACCOUNTS)
def add() -> ResponseReturnValue:
    """Add an account: shared, or somebody's own."""
    one = actor()
    return _done(lambda: change.add_account(
        forms.text("channel", most=40), forms.text("address", most=254, required=True),
        provider=forms.text("provider", most=40) or None, operator_id=forms.optional_whole("operator"),
        can_receive=forms.ticked("can_receive"), can_send=forms.ticked("can_send"),
        label=forms.text("label", most=200), secret=forms.secret("secret"), limits=_limits(), actor=one,
    ), _("The account is added."))


def _limits() -> list[list[int]] | None:
    """`10/60, 200/3600` as windows; empty takes the channel's own."""
    written = forms.text("limits", most=100).replace(",", " ").split()
    parts = [window.split("/") for window in written]
    if not all(len(part) == 2 and all(word.isdecimal() and len(word) < 9 for word in part) for part in parts):
        raise BadInput(BAD_LIMITS, "limits")
    return [[int(count), int(seconds)] for count, seconds in parts] or None


@bp.post(f"{ACCOUNT}/pause")
@admits(Right.MANAGE_ACCOUNTS)
def pause(account_id: int) -> ResponseReturnValue:
    """Nothing leaves from it until somebody resumes it."""
    one = actor()
    return _done(lambda: change.pause(account_id, one), _("Paused. What waits keeps waiting."))


@bp.post(f"{ACCOUNT}/resume")
@admits(Right.MANAGE_ACCOUNTS)
def resume(account_id: int) -> ResponseReturnValue:
    """It may send again."""
    one = actor()
    return _done(lambda: change.resume(account_id, one), _("It may send again."))


@bp.post(f"{ACCOUNT}/secret")
@admits(Right.MANAGE_ACCOUNTS)
def secret(account_id: int) -> ResponseReturnValue:
    """A new key; the old one is forgotten."""
    one = actor()
    return _done(lambda: change.replace_secret(account_id, forms.secret("secret"), one), _("The key is replaced."))


@bp.post(ACCOUNT)
@admits(Right.MANAGE_ACCOUNTS)
def edit(account_id: int) -> ResponseReturnValue:
    """The name citizens see, and the limits."""
    one = actor()
    return _done(lambda: change.change(account_id, one, label=forms.text("label", most=200), limits=_limits()),
                 _("Saved."))


@bp.get(f"{ACCOUNT}/transfer")
@admits(Right.MANAGE_ACCOUNTS)
def plan(account_id: int) -> str:
    """What a transfer would touch, and to whom."""
    held, waiting = accounts.at_stake(account_id, actor())
    return render_template("accounts/transfer.html", line=_line(account_id), held=held, waiting=waiting,
                           owners=people.on_shift_choices(actor()))


def _line(account_id: int) -> AccountLine:
    line = accounts.one(account_id, actor())
    if line is None:
        abort(404)
    return line


@bp.post(f"{ACCOUNT}/transfer")
@admits(Right.MANAGE_ACCOUNTS)
def transfer(account_id: int) -> ResponseReturnValue:
    """Give it to somebody else; answers that waited become drafts."""
    one, to = actor(), forms.optional_whole("operator")
    try:
        drafts = run_in_transaction(lambda: change.transfer(account_id, to, one))
    except BadInput as problem:
        return _page(problem.status, errors.sentence(problem))
    said = ngettext("%(num)s waiting answer became a draft.", "%(num)s waiting answers became drafts.", drafts)
    flash(_("Transferred.") + (f" {said}" if drafts else ""), "calm")
    return redirect(url_for("accounts.everything"), 303)


@bp.post("/accounts/rules")
@admits(Right.MANAGE_ACCOUNTS)
def rule() -> ResponseReturnValue:
    """Which account answers on a channel."""
    one, channel, wanted = actor(), forms.text("channel", most=40), forms.text("rule", most=40)
    return _done(lambda: change.set_rule(channel, wanted, one), _("Saved."))
