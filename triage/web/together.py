"""One answer to many: whom it reaches and by which account, before it is sent; and what became of each, after.

The text is kept as a draft at every step. A refusal shows the page again, with what was typed and ticked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from triage.actions import answering, drafts, recipients, taking
from triage.actions.recipients import Recipient, ToMany
from triage.db import run_in_transaction
from triage.errors import N_, Forbidden, NoReplyAccount, NotFound, OptedOut, TooLong, TooManyParts, TriageError
from triage.errors import WindowClosed as Closed
from triage.queries import together
from triage.queries.together import Fate, Line, Preview
from triage.rights import Right
from triage.web import composing, errors, forms, words
from triage.web.access import actor, admits
from triage.web.desk import NUMBER, REPORT
from triage.web.identity import identity

bp = Blueprint("together", __name__)

Answer = Response | tuple[str, int] | str
MATTER = f"{REPORT}/answer-all"
INCIDENT = f"/desk/incidents/<{NUMBER}:incident_id>/answer"
ANSWER = f"/desk/answers/<{NUMBER}:answer_id>"
MOST_TEXT = 20_000
# How a refusal of one is told in a list of many.
SENTENCES = {one.code: one.sentence for one in (
    recipients.NobodyHolds, recipients.NobodyKnown, recipients.SamePerson, NoReplyAccount, OptedOut, Closed, TooLong)}
SENTENCES |= {
    "no_reply_account": N_("There is no account that can send by %(channel)s. A coordinator can add one."),
    "not_the_holder": N_("Somebody else holds it now."),
    "not_found": N_("It does not belong here any more."),
    "already_closed": N_("It is closed."),
    "conversation_moved_on": N_("There are new words from them: read these first."),
}


@bp.record_once
def _give_words(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]  # Flask types it as its base
    app.jinja_env.filters.update(why_left_out=why_left_out, why_refused=why_refused)


@bp.get(MATTER)
@admits(Right.HANDLE_REPORTS)
def matter(report_id: int) -> str:
    """Everybody who told of a matter."""
    return _page(together.of_matter(report_id, actor()))


@bp.post(MATTER)
@admits(Right.HANDLE_REPORTS)
def answer_matter(report_id: int) -> Answer:
    """Answer them, or look again with what was typed."""
    return _act(lambda: together.of_matter(report_id, actor()))


@bp.get(INCIDENT)
@admits(Right.HANDLE_REPORTS)
def incident(incident_id: int) -> str:
    """Everybody who told of an incident."""
    return _page(together.of_incident(incident_id, actor()))


@bp.post(INCIDENT)
@admits(Right.HANDLE_REPORTS)
def answer_incident(incident_id: int) -> Answer:
    """Answer them, or look again with what was typed."""
    return _act(lambda: together.of_incident(incident_id, actor()))


@bp.get(ANSWER)
@admits(Right.HANDLE_REPORTS)
def answered(answer_id: int) -> str:
    """What became of an answer to many."""
    seq = identity().seq  # read before the answer: what comes between the two is asked for again
    return render_template("together/answered.html", answer=together.answered(answer_id, actor()), seq=seq)


@bp.post(f"{ANSWER}/undo")
@admits(Right.HANDLE_REPORTS)
def undo(answer_id: int) -> Response:
    """Take back whatever of it has not left."""
    back = run_in_transaction(lambda: answering.take_back(answer_id, actor()))
    if back:
        flash(ngettext("Taken back from %(num)s person. The text is your draft again.",
                       "Taken back from %(num)s people. The text is your draft again.", back), "calm")
    else:
        flash(gettext("Too late: it has left already."), "care")
    return redirect(url_for("together.answered", answer_id=answer_id), 303)


def _act(look: Callable[[], Preview]) -> Answer:
    shown, text = look(), forms.clean(request.form.get("text", ""))
    if "send" not in request.form:
        _keep(shown, text)
        return _take(look, text) if "take" in request.form else _page(shown, text)
    try:
        asked = _asked(shown)
        run_in_transaction(lambda: answering.answer_all(asked, actor()))
    except TriageError as refusal:
        _keep(shown, text)
        if isinstance(refusal, NotFound | Forbidden):
            raise
        return _page(look(), text, refusal), refusal.status
    number = together.number_of(asked.key, [line.primary for line in shown.lines], actor())
    return redirect(url_for("together.answered", answer_id=number), 303)


def _take(look: Callable[[], Preview], text: str) -> Answer:
    """Take what nobody holds, so that who told of it can be answered, too."""
    try:
        taken = forms.whole("take")
        taking.take(taken, actor())
    except TriageError as refusal:
        if isinstance(refusal, NotFound | Forbidden):
            raise
        return _page(look(), text, refusal), refusal.status
    return _page(look(), text, also=taken)


def _asked(shown: Preview) -> ToMany:
    return ToMany(_ticked(), forms.whole("seen_seq"), forms.text("text", most=MOST_TEXT), forms.form_key(),
                  forms.ticked("confirm"), shown.incident, shown.kept_on)


def _ticked() -> list[Recipient]:
    """Who is chosen: each as the number of a report and of the assignment that the page showed."""
    pairs = [each.split("-") for each in forms.choices("to")]
    return [Recipient(int(pair[0]), int(pair[1])) for pair in pairs
            if len(pair) == 2 and all(one.isdecimal() and len(one) < 19 for one in pair)]


def _keep(shown: Preview, text: str) -> None:
    """Save what was typed as a draft, where that is possible at all; an empty form takes no draft away."""
    if text:
        with suppress(TriageError):
            run_in_transaction(lambda: drafts.save(shown.kept_on, actor(), text[:MOST_TEXT]))


def _page(shown: Preview, typed: str | None = None, refusal: TriageError | None = None, also: int = 0) -> str:
    able = [line.sending for line in shown.lines if line.sending is not None and can_be(line)]
    chosen = {one.report_id for one in _ticked()} | {also} if "picked" in request.form else _usual(shown)
    endings = {one.ending for one in able}
    return render_template(
        "together/preview.html", preview=shown, seq=shown.seq, text=shown.draft if typed is None else typed,
        refusal=refusal, chosen=chosen, left_out=len(shown.lines) - len(able), form_key=uuid.uuid4().hex,
        public=any(one.is_public for one in able), ending=endings.pop() if len(endings) == 1 else None)


def _usual(shown: Preview) -> set[int]:
    """Who is ticked at first: everybody who can be answered and has not been since they wrote."""
    return {line.row.id for line in shown.lines if can_be(line) and line.answered_at is None}


def can_be(line: Line) -> bool:
    """Whether somebody can be answered now."""
    return not why_left_out(line)


def why_left_out(line: Line) -> str:
    """Why somebody cannot be answered; empty where they can."""
    if line.same_as is not None:
        return _told("same_person", {"report": line.same_as})
    if line.sending is None:
        return _told("already_closed" if line.row.status == "closed" else "nobody_holds", {"report": line.primary})
    if line.sending.blocked == "no_reply_account" and not line.mine:
        channel = words.channel_word(line.sending.channel)
        return str(gettext("%(name)s has no account that can send by %(channel)s.", name=line.holder, channel=channel))
    return composing.blocked(line.sending)


def why_refused(fate: Fate) -> str:
    """Why somebody was not answered."""
    params = dict(fate.params)
    if "channel" in params:
        params["channel"] = words.channel_word(str(params["channel"]))
    return str(_told(fate.why, params)) if "parts" not in params else errors.told(TooManyParts.sentence, params)


def _told(code: str, params: dict[str, object]) -> str:
    return errors.told(SENTENCES.get(code, TriageError.sentence), params)
