"""Where a report is: said by its holder, by a code or a name, from a list where several are so called."""

from __future__ import annotations

from flask import Blueprint, flash, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from triage.actions import placing
from triage.db import run_in_transaction
from triage.errors import Forbidden, NotFound, TriageError
from triage.queries import places
from triage.rights import Right
from triage.web import forms
from triage.web.access import actor, admits
from triage.web.desk import REPORT, by_script, report_page, to_report

bp = Blueprint("placing", __name__)


@bp.post(f"{REPORT}/place")
@admits(Right.HANDLE_REPORTS)
def place(report_id: int) -> Response | tuple[str, int]:
    """Set the place by number or words, or take it away; words that are not clear lead to what they may mean."""
    one, mention = actor(), forms.optional_whole("mention")
    number, words = _wanted()
    if number is None and words:
        return to_report(report_id, find=words)
    try:
        run_in_transaction(lambda: placing.set_place(report_id, one, number, mention))
    except TriageError as refusal:
        if by_script() or isinstance(refusal, NotFound | Forbidden):
            raise
        return report_page(report_id, refusal), refusal.status
    flash(gettext("The place is set.") if number is not None else gettext("The place is taken away."), "calm")
    return to_report(report_id)


def _wanted() -> tuple[int | None, str]:
    """The place's number, or the words that do not say clearly which; neither: none."""
    number = forms.optional_whole("place_id")
    words = "" if "remove" in request.form else forms.text("place", most=200)
    if number is not None or not words:
        return number, ""
    found = places.choices(words)
    return (found[0].id, "") if len(found) == 1 else (None, words)
