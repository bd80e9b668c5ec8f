"""What goes with a report: two are compared, a copy is made or taken out, a question is answered.

Every change leads back to the page where it was asked.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from triage.actions import copies, relating
from triage.db import run_in_transaction
from triage.errors import N_, BadInput, Forbidden, NotFound, TriageError
from triage.queries import compared, reports
from triage.rights import Right
from triage.web import forms, marking, whys
from triage.web.access import actor, admits
from triage.web.desk import NUMBER, REPORT, by_script, queue, report_page, to_report
from triage.web.identity import identity

bp = Blueprint("relating", __name__)

Answer = Response | tuple[str, int]
MATCH = f"/desk/matches/<{NUMBER}:match_id>"
NO_OTHER = N_("No other report with this number is yours to see.")
MOST_DIGITS = 18  # what a database can hold


@bp.record_once
def _give_words(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]  # Flask types it as its base
    app.jinja_env.filters.update(outcome=whys.outcome, same_message=whys.same_message, speaks_for=whys.speaks_for,
                                 speaks_against=whys.speaks_against, differing=marking.pieces)


@bp.get(f"{REPORT}/compare/<{NUMBER}:other_id>")
@admits(Right.READ_REPORTS)
def compare(report_id: int, other_id: int) -> str:
    """Two reports beside each other: what their texts differ in, and why they are linked or not."""
    seq = identity().seq  # read before the two: what comes between is asked for again
    found = compared.of(report_id, other_id, actor())
    return render_template("desk/compare.html", found=found, back=report_id, view=queue(), seq=seq)


@bp.get(f"{REPORT}/compare")
@admits(Right.READ_REPORTS)
def compare_with(report_id: int) -> Answer:
    """The same with a number that somebody typed."""
    reports.load(report_id, actor())
    try:
        other_id = _typed(report_id)
    except TriageError as refusal:
        return report_page(report_id, refusal), refusal.status
    return redirect(url_for("relating.compare", report_id=report_id, other_id=other_id, view=queue()))


def _typed(report_id: int) -> int:
    typed = request.args.get("with", "").strip().lstrip("#")
    if not typed.isdecimal() or len(typed) > MOST_DIGITS or int(typed) == report_id:
        raise BadInput(NO_OTHER, "with")
    try:
        return reports.load(int(typed), actor()).id
    except NotFound as unknown:
        raise BadInput(NO_OTHER, "with") from unknown


@bp.post(f"{REPORT}/copy-of")
@admits(Right.HANDLE_REPORTS)
def mark(report_id: int) -> Answer:
    """Say, without having been asked, that it is a copy of another."""
    return _done(_page(report_id), lambda: copies.link(report_id, forms.whole("of"), actor()),
                 gettext("They go together now."))


@bp.post(f"{REPORT}/not-a-copy")
@admits(Right.HANDLE_REPORTS)
def take_out(report_id: int) -> Answer:
    """Say that it is no copy."""
    return _done(_page(report_id), lambda: copies.unlink(report_id, actor()),
                 gettext("#%(id)s is no copy any more: it stands where it stood before.", id=report_id))


@bp.post(f"{MATCH}/confirm")
@admits(Right.HANDLE_REPORTS)
def confirm(match_id: int) -> Answer:
    """It is a copy, or the same incident: `kind` says which was asked, for the sentence that is said after."""
    incident = forms.text("kind", most=20) == "same_incident"
    said = gettext("Linked: they tell of the same incident.") if incident else gettext("They go together now.")
    return _done(_page(), lambda: relating.confirm(match_id, actor()), said)


@bp.post(f"{MATCH}/reject")
@admits(Right.HANDLE_REPORTS)
def reject(match_id: int) -> Answer:
    """They are not the same, and nobody is asked again."""
    return _done(_page(), lambda: relating.reject(match_id, actor()), gettext("Kept apart. Nobody is asked again."))


def _done(page: int, act: Callable[[], object], said: str) -> Answer:
    try:
        run_in_transaction(act)
    except TriageError as refusal:
        if by_script() or isinstance(refusal, NotFound | Forbidden):
            raise
        return report_page(page, refusal), refusal.status
    flash(said, "calm")
    return to_report(page)


def _page(report_id: int | None = None) -> int:
    """The report whose page the form stands on; the report itself where that is not said."""
    found = forms.optional_whole("report") or report_id
    if found is None:
        raise NotFound
    return found
