"""Everything a person does to a report. Each verb is a form that works without script and comes back to the report.

A refusal shows the report again with the reason and with whatever was typed; scripts get it as JSON
from the error handler.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from flask import Blueprint, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from triage.actions import assignments, attaching, closing, doubt, drafts, notes, replies, routing, splitting, taking
from triage.crashpoints import crashpoint
from triage.db import run_in_transaction
from triage.errors import N_, BadInput, Forbidden, NotFound, TriageError
from triage.queries import inbox, parts
from triage.rights import Right
from triage.storing import Stored
from triage.web import errors, forms, present, signin, uploads
from triage.web.access import actor, admits
from triage.web.desk import NUMBER, REPORT, by, by_script, queue, report_page, to_report

bp = Blueprint("reports", __name__)

Answer = Response | tuple[str, int]
MESSAGE = f"/desk/messages/<{NUMBER}:message_id>"
DELIVERY = f"/desk/deliveries/<{NUMBER}:delivery_id>"
MOST_TEXT = 20_000


def _done(report_id: int, act: Callable[[], object], said: str = "") -> Answer:
    """Run `act` in a transaction; come back to the report, or show it with the reason of the refusal."""
    return _tried(report_id, lambda: run_in_transaction(act), said)


def _tried(report_id: int, act: Callable[[], object], said: str = "") -> Answer:
    try:
        act()
    except TriageError as refusal:
        return _refused(report_id, refusal)
    if said:
        flash(said, "calm")
    return to_report(report_id)


def _refused(report_id: int, refusal: TriageError, typed: str | None = None) -> Answer:
    if by_script() or isinstance(refusal, NotFound | Forbidden):
        raise refusal
    return report_page(report_id, refusal, typed), refusal.status


# ---------------------------------------------------------------- who holds it


@bp.post(f"{REPORT}/claim")
@admits(Right.HANDLE_REPORTS)
def claim(report_id: int) -> Answer:
    """Take this one."""
    return _tried(report_id, lambda: taking.take(report_id, actor()))


@bp.post("/desk/next")
@admits(Right.HANDLE_REPORTS)
def take_next() -> Response:
    """Take whatever the queue has first."""
    taken = _taken(refuses=by_script())
    return to_report(taken) if taken else redirect(url_for("desk.desk", view=queue()), 303)


def _taken(*, refuses: bool) -> int | None:
    """The next report, now the asker's; None where none can be had, and the page says why. `refuses`: by raising."""
    try:
        taken = taking.take_next(actor())
    except TriageError as refusal:
        if refuses:
            raise
        flash(errors.sentence(refusal), "care")
        return None
    if taken is None:
        flash(gettext("Nothing is waiting to be taken right now."), "calm")
    return taken.report_id if taken else None


@bp.post(f"{REPORT}/release")
@admits(Right.HANDLE_REPORTS)
def release(report_id: int) -> Answer:
    """Return it to the queue, with a reason for whoever comes next."""
    return _done(report_id, lambda: assignments.release(report_id, actor(), forms.text("reason", most=500)),
                 gettext("Returned to the queue. It kept its place."))


@bp.post(f"{REPORT}/assign")
@admits(Right.ASSIGN_REPORTS)
def assign(report_id: int) -> Answer:
    """Give it to somebody."""
    return _done(report_id, lambda: assignments.assign(report_id, forms.whole("operator"), actor()),
                 gettext("Given."))


@bp.post(f"{REPORT}/still")
@admits(Right.HANDLE_REPORTS)
def still(report_id: int) -> Answer:
    """Still on it: the clock of the lease starts anew."""
    return _done(report_id, lambda: assignments.touch(report_id, actor()), gettext("It stays yours."))


@bp.post("/desk/shift")
@admits(Right.HANDLE_REPORTS)
def shift() -> Response:
    """Say whether one takes reports."""
    wanted = forms.text("shift", most=20)
    run_in_transaction(lambda: assignments.set_shift(actor(), wanted))
    if wanted == "off" and (held := inbox.counts(actor())["mine"]):
        return _still_held(held)
    return redirect(signin.safe(forms.text("back", most=2000)) or url_for("desk.desk"), 303)


def _still_held(held: int) -> Response:
    """Going home with reports in hand: show them, and say what to do with them."""
    flash(ngettext(
        "You are off and still hold %(num)s report. Return it to the queue, or ask a coordinator to hand it over.",
        "You are off and still hold %(num)s reports. Return them, or ask a coordinator to hand them over.", held,
    ), "care")
    return redirect(url_for("desk.desk", view="mine"), 303)


# ---------------------------------------------------------------- what is said


@bp.post(f"{REPORT}/reply")
@admits(Right.HANDLE_REPORTS)
def reply(report_id: int) -> Answer:
    """Answer the citizen. Refused or not, the text is never lost."""
    return _said(report_id, lambda: uploads.carrying(lambda picture: _reply(report_id, picture)))


@bp.post(f"{REPORT}/by-hand")
@admits(Right.HANDLE_REPORTS)
def by_hand(report_id: int) -> Answer:
    """Write down an answer that was sent from one's own device."""
    return _said(report_id, lambda: run_in_transaction(lambda: replies.sent_by_hand(_answer(report_id), actor())))


def _said(report_id: int, say: Callable[[], object]) -> Answer:
    try:
        say()
    except TriageError as refusal:
        typed = forms.clean(request.form.get("text", ""))
        _keep(report_id, typed)
        return _refused(report_id, refusal, typed)
    crashpoint("out.committed")
    # It was said: that there is no next report is no refusal of it.
    taken = _taken(refuses=False) if request.form.get("then") == "next" else None
    return to_report(taken or report_id)


def _reply(report_id: int, picture: Stored | None) -> bool:
    """Accept the answer; whether it took the picture along."""
    if request.form.get("public") and not request.form.get("confirm"):
        raise BadInput(N_("Everybody can read this answer: tick the box, then send."), "confirm")
    said = _answer(report_id)
    delivery = replies.reply(report_id, actor(), said.assignment_id, said.seen_seq, said.text, said.key, by())
    return picture is not None and attaching.attach_once(delivery, picture)


def _answer(report_id: int) -> replies.Answer:
    text = forms.text("text", most=MOST_TEXT)
    return replies.Answer(report_id, forms.whole("assignment"), forms.whole("seen_seq"), text, forms.form_key())


def _keep(report_id: int, typed: str) -> None:
    """Save what was typed as a draft, where that is possible at all; an empty form takes no draft away."""
    if not typed:
        return
    with suppress(TriageError):
        run_in_transaction(lambda: drafts.save(report_id, actor(), typed[:MOST_TEXT]))


@bp.post(f"{REPORT}/draft")
@admits(Right.HANDLE_REPORTS)
def draft(report_id: int) -> Answer:
    """Keep what is being typed; scripts do this every few seconds.

    A button may ask for more: `fix` for plain signs in the text, `by` for the other channel.
    """
    text = forms.text("text", most=MOST_TEXT)
    if "fix" in request.form:
        return _done(report_id, lambda: drafts.save(report_id, actor(), parts.mended(text)))
    if not by_script() or by():
        said = "" if by() else gettext("Draft saved.")
        return _done(report_id, lambda: drafts.save(report_id, actor(), text), said)
    saved = run_in_transaction(lambda: drafts.save(report_id, actor(), text).saved_at)
    return jsonify(saved_at=present.iso(saved))


@bp.post(f"{REPORT}/note")
@admits(Right.HANDLE_REPORTS)
def note(report_id: int) -> Answer:
    """Write an internal note."""
    return _done(report_id, lambda: notes.add(report_id, actor(), forms.text("text", most=notes.MOST_CHARACTERS)))


@bp.post(f"{DELIVERY}/undo")
@admits(Right.HANDLE_REPORTS)
def undo(delivery_id: int) -> Answer:
    """Take an answer back before it leaves; its text is the draft again."""
    return _done(_report(), lambda: replies.undo(delivery_id, actor()),
                 gettext("Taken back, nothing was sent. The text is your draft again."))


@bp.post(f"{DELIVERY}/decide")
@admits(Right.HANDLE_REPORTS)
def decide(delivery_id: int) -> Answer:
    """Settle an answer that may have been sent."""
    return _done(_report(), lambda: doubt.decide(delivery_id, actor(), forms.text("verdict", most=20)))


def _report() -> int:
    """The report whose page the form stands on."""
    try:
        return forms.whole("report")
    except BadInput:
        abort(404)


@bp.post(f"{MESSAGE}/split")
@admits(Right.HANDLE_REPORTS)
def split(message_id: int) -> Answer:
    """Split off as a new report, from this message on."""
    try:
        new = run_in_transaction(lambda: splitting.split(message_id, actor()).id)
    except TriageError as refusal:
        return _refused(_report(), refusal)
    flash(gettext("Split off as #%(id)s, which waits in the queue.", id=new), "calm")
    return to_report(new)


# ---------------------------------------------------------------- how it ends, and when and where it goes on


@bp.post(f"{REPORT}/close")
@admits(Right.HANDLE_REPORTS)
def close(report_id: int) -> Answer:
    """Resolve it with an outcome."""
    return _done(report_id, lambda: closing.close(
        report_id, actor(), forms.text("outcome", most=20), forms.text("reason", most=20) or None,
    ), gettext("Resolved."))


@bp.post(f"{REPORT}/discard")
@admits(Right.HANDLE_REPORTS)
def discard(report_id: int) -> Answer:
    """Set it aside with a reason."""
    return _done(report_id, lambda: closing.discard(report_id, actor(), forms.text("reason", most=20)),
                 gettext("Discarded. “Open again” takes that back."))


@bp.post(f"{REPORT}/reopen")
@admits(Right.HANDLE_REPORTS)
def reopen(report_id: int) -> Answer:
    """Take closing back."""
    return _done(report_id, lambda: closing.reopen(report_id, actor()), gettext("Open again, and yours."))


@bp.post(f"{REPORT}/snooze")
@admits(Right.HANDLE_REPORTS)
def snooze(report_id: int) -> Answer:
    """Let it sleep for some minutes."""
    return _done(report_id, lambda: routing.snooze(report_id, actor(), present.later(forms.whole("minutes"))))


@bp.post(f"{REPORT}/wake")
@admits(Right.HANDLE_REPORTS)
def wake(report_id: int) -> Answer:
    """End a snooze early."""
    return _done(report_id, lambda: routing.wake(report_id, actor()))


@bp.post(f"{REPORT}/route")
@admits(Right.HANDLE_REPORTS)
def route(report_id: int) -> Answer:
    """Send it to a team, or to everybody."""
    return _done(report_id, lambda: routing.route(report_id, actor(), _team()), gettext("Routed."))


def _team() -> int | None:
    return forms.whole("team") if forms.text("team", most=20) else None


@bp.post(f"{REPORT}/prioritise")
@admits(Right.HANDLE_REPORTS)
def prioritise(report_id: int) -> Answer:
    """Set its urgency."""
    return _done(report_id, lambda: routing.prioritise(report_id, actor(), forms.whole("priority")))
