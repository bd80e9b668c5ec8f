"""Coming back with the receipt code: read the conversation, answer, say stop, say it is urgent.

Everything is a POST to `/back`, so that the code is never in a URL. After the code a signed permit
for this one receipt (30 minutes) is carried in a hidden field; the code itself is not shown again.
Wrong and expired codes get the same answer. Only wrong codes are counted against the limits, but a
network over its limit waits for right ones too, or guessing would not be limited.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from triage import clock, context
from triage.actions import citizens
from triage.actions.arrivals import Arrived, NotYet, Stop, Words
from triage.db import run_in_transaction
from triage.errors import NotFound
from triage.queries import citizen
from triage.sealing import RECEIPT_DIGITS
from triage.web import durable, form_token, intake_form, pace, slow_lane
from triage.web.intake_form import Problem

bp = Blueprint("back", __name__)

PURPOSE = "back"
LASTS = timedelta(hours=24)
PERMIT, PERMIT_LASTS = "permit", timedelta(minutes=30)
WINDOW = timedelta(minutes=10)
TRIES, TRIES_OF_ALL = 10, 2000  # wrong codes in a window; 10^16 codes make even the second harmless


@bp.get("/back")
def door() -> ResponseReturnValue:
    """One field for the code."""
    return _door()


@bp.post("/back")
@form_token.checked(PURPOSE, LASTS)
def come_back() -> ResponseReturnValue:
    """The code, or with a permit one of the things to do."""
    if form_token.given() is None:
        note = _("This page was open for too long, or it was not sent by our form. Please enter the code again.")
        return _door(note=note, status=400)
    act = ACTS.get(request.form.get("do", ""))
    return _permitted(act) if act else _enter()


def _enter() -> ResponseReturnValue:
    waiting = _must_wait()
    if waiting:
        return _door(Problem("code", _wait_sentence(waiting)), status=429, headers={"Retry-After": _seconds(waiting)})
    code = digits(request.form.get("code", ""))
    receipt = context.keyring().blind("receipt", code)
    if len(code) == RECEIPT_DIGITS and citizen.thread(receipt) is not None:
        return _conversation(receipt, typed=_typed())
    for network in (pace.asker(), pace.EVERYBODY):
        _tries().add(network)
    return _door(Problem("code", _("We can’t find that code. Check the 16 digits.")), status=422)


def digits(text: str) -> str:
    """The digits of a code in any script, as 0-9; spaces, hyphens and what else people type left out."""
    found = (unicodedata.decimal(letter, -1) for letter in text[:200])
    return "".join(str(number) for number in found if number >= 0)


def _tries() -> pace.Pace:
    return pace.of_app("wrong codes", WINDOW)


def _must_wait() -> timedelta:
    tries = _tries()
    return max(tries.wait(pace.asker(), TRIES), tries.wait(pace.EVERYBODY, TRIES_OF_ALL))


def _seconds(waiting: timedelta) -> str:
    return str(math.ceil(waiting.total_seconds()))


def _wait_sentence(waiting: timedelta) -> str:
    minutes = math.ceil(waiting.total_seconds() / 60)
    return str(ngettext("Too many wrong codes from your network. Try again in %(num)s minute.",
                        "Too many wrong codes from your network. Try again in %(num)s minutes.", minutes))


def _permitted(act: Callable[[str], ResponseReturnValue]) -> ResponseReturnValue:
    permit = form_token.read(PERMIT, request.form.get(PERMIT, ""), PERMIT_LASTS)
    if permit is None:
        note = _("For your safety we ask for the code again after half an hour. What you wrote is kept below.")
        return _door(note=note, status=400)
    try:
        return act(permit.value)
    except NotFound:
        note = _("Your report is still waiting to be read. Please come back in a few minutes.")
        return _conversation(permit.value, note=note, typed=_typed(), status=409)


def _show(receipt: str) -> ResponseReturnValue:
    return _conversation(receipt, typed=_typed())


def _answer(receipt: str) -> ResponseReturnValue:
    text, token = _typed(), form_token.given()
    wrong = _wrong(text)
    if wrong or token is None:
        return _conversation(receipt, wrong=wrong, typed=text, status=422)
    words = Words(receipt, text, token.naming(text), slow_lane.due_at(), urgent=False, received_at=clock.now())
    return _done(receipt, words, _("We have your answer. Thank you."), typed="")


def _wrong(text: str) -> list[Problem]:
    if not text:
        return [Problem("text", _("Write something first. A few words are enough."))]
    over = len(text) - intake_form.MOST_WORDS
    most = intake_form.MOST_WORDS
    sentence = _("Shorten this by %(over)s characters; %(most)s fit.", over=over, most=most)
    return [Problem("text", sentence)] if over > 0 else []


def _urgent(receipt: str) -> ResponseReturnValue:
    words, token = _("This is urgent now"), form_token.given()
    assert token is not None  # noqa: S101 - `come_back` has looked
    added = Words(receipt, words, token.naming(words), None, urgent=True, received_at=clock.now())
    return _done(receipt, added, _("We have marked your report as urgent. It is read before others."), typed=_typed())


def _stop(receipt: str) -> ResponseReturnValue:
    note = _("We will not write to your number or address any more. You can still read and write here.")
    return _done(receipt, Stop(receipt, clock.now()), note, typed=_typed())


def _done(receipt: str, arrived: Arrived, note: str, *, typed: str) -> ResponseReturnValue:
    """Keep what was said and show the conversation; without it where it can only be read later."""
    try:
        kept = durable.keep(arrived)
    except NotYet:
        raise NotFound from None
    except durable.NotKept:
        note = _("We could not keep this just now, so nothing was done. Please send it again in a minute.")
        return _door(note=note, status=503, headers=durable.RETRY_AFTER)
    if kept:
        return _conversation(receipt, note=note, typed=typed)
    later = _("Your report cannot be shown just now. Please come back with your code in a few minutes.")
    return _door(note=f"{note} {later}", typed=typed)


ACTS: dict[str, Callable[[str], ResponseReturnValue]] = {
    "show": _show, "answer": _answer, "urgent": _urgent, "stop": _stop,
}


def _typed() -> str:
    return intake_form.clean(request.form.get("text"), intake_form.HARD_MOST)


def _conversation(receipt: str, *, wrong: list[Problem] | None = None, note: str = "", typed: str = "",
                  status: int = 200) -> ResponseReturnValue:
    if citizen.unseen(receipt):
        run_in_transaction(lambda: citizens.seen(receipt))
    thread = citizen.thread(receipt)
    if thread is None:
        return _door(Problem("code", _("We can’t find that code. Check the 16 digits.")), status=422)
    return render_template(
        "citizen/conversation.html", thread=thread, wrong=wrong or [], note=note, typed=typed,
        most=intake_form.MOST_WORDS, token=form_token.mint(PURPOSE), permit=form_token.mint(PERMIT, receipt),
    ), status


def _door(problem: Problem | None = None, *, note: str = "", typed: str | None = None, status: int = 200,
          headers: Mapping[str, str] | None = None) -> ResponseReturnValue:
    page = render_template(
        "citizen/back.html", wrong=[problem] if problem else [], note=note, token=form_token.mint(PURPOSE),
        typed=_typed() if typed is None else typed, code=intake_form.clean(request.form.get("code"), 40),
    )
    return page, status, headers or {}
