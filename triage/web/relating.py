"""What goes with a report: a copy is taken out, a question is answered; then back to the page where it was asked."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash
from flask_babel import gettext
from werkzeug.wrappers import Response

from triage.actions import copies, relating
from triage.db import run_in_transaction
from triage.errors import Forbidden, NotFound, TriageError
from triage.rights import Right
from triage.web import forms
from triage.web.access import actor, admits
from triage.web.desk import NUMBER, REPORT, by_script, report_page, to_report

bp = Blueprint("relating", __name__)

Answer = Response | tuple[str, int]
MATCH = f"/desk/matches/<{NUMBER}:match_id>"


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
