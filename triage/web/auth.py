"""The door: signing in and out, invitations, and a person's own page."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from triage import context, passwords
from triage.actions import people, sessions, tokens
from triage.db import let_go, run_in_transaction
from triage.errors import BadInput, NotFound
from triage.models import Operator
from triage.queries import people as found
from triage.queries import sessions as living
from triage.queries import tokens as shown
from triage.rights import Right
from triage.web import errors, forms, kept, languages, signin, throttle
from triage.web.access import actor, admits, cut_sockets
from triage.web.desk import NUMBER

bp = Blueprint("auth", __name__)



@bp.record_once
def _give_languages(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]  # Flask types it as its base
    app.jinja_env.globals["languages_offered"] = languages.named


@bp.get("/")
def root() -> ResponseReturnValue:
    """The bare address: to where one works, or to the door."""
    return redirect(signin.home(g.operator) if g.operator is not None else url_for("auth.login"))


@bp.get("/login")
def login() -> ResponseReturnValue:
    """The sign-in form."""
    if g.operator is not None:
        return redirect(signin.home(g.operator))
    said = _("You are signed out. This computer keeps nothing of the desk.") if "out" in request.args else ""
    return signin.page(said=said, onward=signin.safe(request.args.get("next", "")))


@bp.post("/login")
def sign_in() -> ResponseReturnValue:
    """Check, throttled; then to where the person was, with what they had typed."""
    email, password = forms.text("email", most=254), forms.secret("password")
    typed, onward = kept.of_form(), signin.safe(forms.text("next", most=2000))
    seconds = throttle.try_once(email)
    if seconds:
        return signin.page(429, trouble=signin.wait_sentence(seconds), kept=typed, email=email, onward=onward)
    operator = _signed_in(email, password)
    if operator is None:
        throttle.wrong()
        return signin.page(401, trouble=signin.wrong_sentence(), kept=typed, email=email, onward=onward)
    throttle.right(email)
    return _onward(operator, typed, onward)


def _signed_in(email: str, password: str) -> Operator | None:
    """Who this is, their session begun; the same work for people who do not exist."""
    operator = found.by_email(email)
    operator_id = operator.id if operator is not None else 0
    password_hash = operator.password_hash if operator is not None and operator.active else None
    cost = context.settings().password_cost
    let_go()  # hashing takes long: sixteen people who sign in would hold every connection there is
    if not passwords.verify(password, password_hash, cost) or operator is None or password_hash is None:
        return None
    proven = password_hash
    if passwords.outdated(password_hash, cost):
        proven = passwords.hashed(password, cost)
        run_in_transaction(lambda: people.rehash(operator_id, password_hash, proven))
    return operator if signin.begin(operator_id, proven, request.user_agent.string) else None


def _onward(operator: Operator, typed: kept.Kept | None, onward: str) -> ResponseReturnValue:
    if typed is None:
        return redirect(onward or signin.home(operator))
    try:
        kept.save(typed, operator)
    except (NotFound, BadInput) as problem:
        return errors.page(problem.status, errors.sentence(problem), typed)
    if typed.report_id is None:
        return errors.page(200, _("You are signed in again. This is what you had typed."), typed)
    flash(_("What you had typed is kept as your draft."), "calm")
    return redirect(f"/desk/reports/{typed.report_id}")


@bp.post("/logout")
@admits(Right.OWN_PAGE)
def logout() -> ResponseReturnValue:
    """End this session here and in the database."""
    token_hash = g.session_hash
    run_in_transaction(lambda: sessions.end(token_hash))
    cut_sockets(actor().id)
    signin.forget()
    response = redirect(url_for("auth.login", out=1))
    response.headers["Clear-Site-Data"] = '"cookies", "storage"'
    return response


@bp.get("/invite/<token>")
def invitation(token: str) -> ResponseReturnValue:
    """Where an invited person chooses a password."""
    return _invitation(token)


@bp.post("/invite/<token>")
def join(token: str) -> ResponseReturnValue:
    """Set the password, use the link up, sign in."""
    invited, password = found.open_invitation(passwords.fingerprint(token)), forms.secret("password")
    if invited is None:
        return _invitation(token)
    try:
        password_hash = _chosen(password, invited)
        invited = run_in_transaction(lambda: people.accept(token, password_hash))
    except BadInput as problem:
        return _invitation(token, errors.sentence(problem), problem.status)
    if not signin.begin(invited.id, password_hash, request.user_agent.string):
        return redirect(url_for("auth.login"))
    return redirect(signin.home(invited))


def _invitation(token: str, trouble: str = "", status: int = 200) -> ResponseReturnValue:
    invited = found.open_invitation(passwords.fingerprint(token))
    if invited is None:
        return render_template("auth/used.html"), 404
    page = render_template("auth/invite.html", invited=invited, trouble=trouble, least=passwords.LEAST)
    return page, status


def _chosen(password: str, operator: Operator) -> str:
    """The hash of a new password that may be used. Raises BadInput."""
    own = (operator.email.partition("@")[0], operator.email, *operator.name.split(), operator.public_name)
    let_go()
    passwords.check(password, *own, context.settings().desk_name)
    return passwords.hashed(password, context.settings().password_cost)


@bp.get("/me")
@admits(Right.OWN_PAGE)
def me() -> ResponseReturnValue:
    """A person's own page: language, password, and where they are signed in."""
    return _me()


def _me(trouble: str = "", status: int = 200) -> ResponseReturnValue:
    mine = living.own(actor())
    page = render_template("auth/me.html", sessions=mine, here=g.session_hash, trouble=trouble,
                           tokens=shown.of_operator(actor().id),
                           least=passwords.LEAST, languages=languages.named(), chosen=actor().ui_language)
    return page, status


@bp.post("/me/password")
@admits(Right.OWN_PAGE)
def new_password() -> ResponseReturnValue:
    """A new password, after the present one; every other session ends."""
    one, now, new = actor(), forms.secret("current"), forms.secret("password")
    seconds = throttle.try_once(one.email)
    if seconds:
        return _me(signin.wait_sentence(seconds), 429)
    password_hash = one.password_hash
    let_go()
    if not passwords.verify(now, password_hash, context.settings().password_cost):
        return _me(_("Your present password is not right."), 422)
    try:
        _set_password(one, new)
    except BadInput as problem:
        return _me(errors.sentence(problem), problem.status)
    flash(_("Your password is changed. You are signed out everywhere else."), "calm")
    return redirect(url_for("auth.me"))


def _set_password(one: Operator, new: str) -> None:
    password_hash, here = _chosen(new, one), g.session_hash
    run_in_transaction(lambda: people.set_own_password(one, password_hash, keep=here))
    cut_sockets(one.id)
    throttle.right(one.email)


@bp.post(f"/me/sessions/<{NUMBER}:session_id>/end")
@admits(Right.OWN_PAGE)
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign another browser of mine out."""
    one = actor()
    run_in_transaction(lambda: sessions.end_own(session_id, one))
    cut_sockets(one.id)
    return redirect(url_for("auth.me"))


@bp.post(f"/me/tokens/<{NUMBER}:token_id>/end")
@admits(Right.OWN_PAGE)
def end_token(token_id: int) -> ResponseReturnValue:
    """End an API token of mine."""
    one = actor()
    run_in_transaction(lambda: tokens.end_own(token_id, one))
    return redirect(url_for("auth.me"))


@bp.post("/me/sessions/end")
@admits(Right.OWN_PAGE)
def end_others() -> ResponseReturnValue:
    """Sign every other browser of mine out."""
    one, here = actor(), g.session_hash
    count = run_in_transaction(lambda: sessions.end_others(one, but=here))
    cut_sockets(one.id)
    if count:
        flash(_("You are signed out everywhere else."), "calm")
    return redirect(url_for("auth.me"))


@bp.post("/language")
@admits(Right.OWN_PAGE)
def language() -> ResponseReturnValue:
    """The language of my pages; empty follows the browser."""
    one, chosen = actor(), forms.choice("language", ("", *languages.offered()))
    run_in_transaction(lambda: people.set_language(one, chosen or None))
    session.pop(signin.LANGUAGE, None)
    return redirect(signin.safe(forms.text("back", most=2000)) or url_for("auth.me"))


@bp.post("/me/typed")
@admits(Right.OWN_PAGE)
def keep() -> ResponseReturnValue:
    """Typed text from a page whose form was refused becomes a draft."""
    typed = kept.of_form()
    return _onward(actor(), typed, "")
