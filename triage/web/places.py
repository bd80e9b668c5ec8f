"""The list of places: look at it, and import a table after having seen what it would change."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from triage import context
from triage.actions import gazetteer
from triage.db import let_go, run_in_transaction
from triage.errors import N_, BadInput, TriageError
from triage.gazetteer import sheet
from triage.gazetteer.tree import Plan
from triage.queries import places
from triage.rights import Right
from triage.web import errors, forms, uploads
from triage.web.access import actor, admits

bp = Blueprint("places", __name__)

FIELD, KEPT = "table", "kept"
SHOWN = 100  # wrong lines
NO_TABLE = N_("Choose a CSV file.")
GONE = N_("This table is not kept any more. Choose it again.")
TOO_LARGE = N_("The table is larger than 12 MB. Divide it.")


@bp.get("/places")
@admits(Right.MANAGE_PLACES)
def everything() -> ResponseReturnValue:
    """The outermost places, or those found by some words; and the form to import a table."""
    return _page()


def _page(status: int = 200, trouble: str = "", plan: Plan | None = None, kept: str = "") -> ResponseReturnValue:
    words = forms.clean(request.args.get("q", ""))[:200]
    found, total = places.listed(actor(), words)
    return render_template("places/places.html", found=found, total=total, sought=words, trouble=trouble, plan=plan,
                           kept=kept, shown=SHOWN, told=errors.told), status


@bp.post("/places/import")
@admits(Right.MANAGE_PLACES)
def preview() -> ResponseReturnValue:
    """What a table would change; it is kept, sealed, until it is imported."""
    try:
        content = _given()
    except BadInput as problem:
        return _page(problem.status, errors.sentence(problem))
    one = actor()
    let_go()
    plan = places.plan(sheet.read(content), one)
    return _page(plan=plan, kept=context.files().put(content))


def _given() -> bytes:
    given = request.files.get(FIELD)
    content = given.read(uploads.MOST_TABLE + 1) if given is not None else b""
    if not content:
        raise BadInput(NO_TABLE, FIELD)
    if len(content) > uploads.MOST_TABLE:
        raise BadInput(TOO_LARGE, FIELD)
    return content


@bp.post("/places/import/all")
@admits(Right.MANAGE_PLACES)
def take_in() -> ResponseReturnValue:
    """Import the table that was shown, all of it or without its wrong lines."""
    one, name, leave_out = actor(), forms.text(KEPT, most=100), forms.ticked("leave_out")
    try:
        read = sheet.read(_kept(name))
        let_go()
        done = run_in_transaction(lambda: gazetteer.enter(read, one, leave_out_wrong=leave_out))
    except TriageError as problem:
        return _page(problem.status, errors.sentence(problem))
    context.files().remove(name)
    flash(_("Imported: %(new)s new, %(changed)s changed.", new=len(done.new), changed=len(done.changed)), "calm")
    return redirect(url_for("places.everything"), 303)


def _kept(name: str) -> bytes:
    try:
        return context.files().open(name)
    except FileNotFoundError as problem:
        raise BadInput(GONE, KEPT) from problem
