"""People: who is on the desk, with which roles, in which teams; invitations."""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from triage import context
from triage.actions import granting
from triage.actions import people as change
from triage.db import run_in_transaction
from triage.errors import N_, BadInput, Forbidden, TriageError
from triage.models import Operator
from triage.models.operators import ROLES
from triage.queries import people
from triage.rights import Right
from triage.web import errors, forms
from triage.web.access import actor, admits, cut_sockets
from triage.web.desk import NUMBER

bp = Blueprint("people", __name__)

PERSON = f"/people/<{NUMBER}:operator_id>"
TEAM = f"/teams/<{NUMBER}:team_id>"
NOT_YOURS = N_("Only an admin can change or invite somebody who is more than an operator.")


@bp.get("/people")
@admits(Right.MANAGE_PEOPLE)
def everybody() -> ResponseReturnValue:
    """The list, teams, and the form to add somebody."""
    return _page()


def _grantable() -> Collection[str]:
    return ROLES if actor().may(Right.GRANT_ROLES) else sorted(granting.PLAIN)


def _page(status: int = 200, *, trouble: str = "", link: str = "", invited: Operator | None = None,
          typed: dict[str, str] | None = None) -> ResponseReturnValue:
    one, teams = actor(), people.teams(actor())
    page = render_template(
        "people/people.html", people=people.operators(one), teams=teams, memberships=people.memberships(one),
        members={team.id: people.members(team.id, one) for team in teams}, holdings=people.holdings(one),
        may_change=granting.may_change, myself=one, grantable=_grantable(),
        trouble=trouble, link=link, invited=invited, typed=typed or {}, capacity=context.settings().capacity,
    )
    return page, status


@bp.post("/people")
@admits(Right.MANAGE_PEOPLE)
def add() -> ResponseReturnValue:
    """Add somebody and show their link, once."""
    one = actor()
    try:
        wanted = _wanted()
        invited, token = run_in_transaction(lambda: _added(one, *wanted))
    except BadInput as problem:
        typed = {name: forms.clean(forms.secret(name)) for name in ("email", "name", "languages")}
        return _page(problem.status, trouble=errors.sentence(problem), typed=typed)
    return _page(link=_link(token), invited=invited)


def _wanted() -> tuple[str, str, list[str], list[str]]:
    return (forms.text("email", most=254, required=True), forms.text("name", most=120, required=True),
            forms.choices("role") or ["operator"], _languages())


def _added(one: Operator, email: str, name: str, roles: list[str], languages: list[str]) -> tuple[Operator, str]:
    added = change.add_operator(email, name, roles, languages=languages, actor=one,
                                needs_approval=forms.ticked("needs_approval"))
    return added, change.invite(added.id, one)


def _languages() -> list[str]:
    return forms.text("languages", most=200).replace(",", " ").split()


def _link(token: str) -> str:
    return context.settings().staff_url + url_for("auth.invitation", token=token)


@bp.post(f"{PERSON}/invite")
@admits(Right.MANAGE_PEOPLE)
def invite(operator_id: int) -> ResponseReturnValue:
    """A new link, for a new password; the old password works until the link is used."""
    one = actor()
    invited, token = run_in_transaction(lambda: _invited(operator_id, one))
    return _page(link=_link(token), invited=invited)


def _invited(operator_id: int, one: Operator) -> tuple[Operator, str]:
    token = change.invite(operator_id, one)
    return people.one(operator_id, one), token


@bp.post(PERSON)
@admits(Right.MANAGE_PEOPLE)
def edit(operator_id: int) -> ResponseReturnValue:
    """Change roles, capacity, languages, approval; or switch somebody off or on."""
    one = actor()
    try:
        wanted = change.Changes(roles=forms.choices("role"), capacity=forms.whole("capacity"), languages=_languages(),
                                needs_approval=forms.ticked("needs_approval"), active=forms.ticked("active"))
        changed = run_in_transaction(lambda: change.change(operator_id, one, wanted).name)
        cut_sockets(operator_id)
    except (BadInput, Forbidden) as problem:
        return _page(problem.status, trouble=_refusal(problem))
    flash(_("Saved: %(name)s.", name=changed), "calm")
    return redirect(url_for("people.everybody"), 303)


def _refusal(problem: TriageError) -> str:
    return str(_(NOT_YOURS)) if isinstance(problem, Forbidden) else errors.sentence(problem)


@bp.post("/teams")
@admits(Right.MANAGE_TEAMS)
def add_team() -> ResponseReturnValue:
    """A new team."""
    one = actor()
    try:
        name = forms.text("team", most=200)
        run_in_transaction(lambda: change.add_team(name, one))
    except BadInput as problem:
        return _page(problem.status, trouble=errors.sentence(problem))
    return redirect(url_for("people.everybody", _anchor="teams"), 303)


@bp.post(f"{TEAM}/join")
@admits(Right.MANAGE_TEAMS)
def join(team_id: int) -> ResponseReturnValue:
    """Put somebody into a team."""
    one, operator_id = actor(), forms.whole("operator")
    run_in_transaction(lambda: change.join_team(team_id, operator_id, one))
    return redirect(url_for("people.everybody", _anchor="teams"), 303)


@bp.post(f"{TEAM}/leave")
@admits(Right.MANAGE_TEAMS)
def leave(team_id: int) -> ResponseReturnValue:
    """Take somebody out of a team."""
    one, operator_id = actor(), forms.whole("operator")
    run_in_transaction(lambda: change.leave_team(team_id, operator_id, one))
    return redirect(url_for("people.everybody", _anchor="teams"), 303)
