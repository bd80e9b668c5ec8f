"""Drafts: what is typed is never lost, through release, reassignment, lease and expired sessions."""

from __future__ import annotations

from sqlalchemy import delete, select

from triage import clock
from triage.actions import matters
from triage.db import db
from triage.errors import N_, BadInput
from triage.models import Draft, Operator
from triage.queries import reports
from triage.statements import insert_once

MOST_CHARACTERS = 20_000


def save(report_id: int, actor: Operator, text: str) -> Draft:
    """Keep `text` as the actor's draft on a report they can see; empty text clears it. Renews the lease."""
    reports.load(report_id, actor)
    if len(text) > MOST_CHARACTERS:
        raise BadInput(N_("A draft can have at most %(most)s characters."), "text", most=MOST_CHARACTERS)
    held = matters.holding(report_id)
    if held is not None and held.operator_id == actor.id:
        held.last_active_at = clock.now()
    return _keep(report_id, actor.id, text)


def _keep(report_id: int, operator_id: int, text: str) -> Draft:
    where = {"report_id": report_id, "operator_id": operator_id}
    insert_once(Draft, tuple(where), **where, body=text, saved_at=clock.now())  # two windows may save at once
    draft = db.session.scalars(select(Draft).filter_by(**where)).one()
    draft.body, draft.saved_at = text, clock.now()
    return draft


def _of(report_id: int, operator_id: int) -> Draft | None:
    return db.session.scalar(select(Draft).where(Draft.report_id == report_id, Draft.operator_id == operator_id))


def put_back(report_id: int, operator_id: int, text: str) -> None:
    """An answer that did not leave becomes a draft again, before whatever was typed since.

    One text that went to many comes back once.
    """
    draft = _of(report_id, operator_id)
    typed = draft.body.strip() if draft else ""
    there = typed == text or typed.startswith(f"{text}\n\n")
    _keep(report_id, operator_id, typed if there else f"{text}\n\n{typed}".rstrip())


def inherit(report_id: int, operator_id: int) -> None:
    """Give a new holder without a draft the newest one anybody left on the report.

    What was typed before the last answer left stays with who typed it: the person has been answered since.
    """
    own = _of(report_id, operator_id)
    if own is not None and own.body.strip():
        return
    answer = matters.last_answer(report_id)
    typed = select(Draft).where(Draft.report_id == report_id, Draft.operator_id != operator_id, Draft.body != "")
    since = typed.where(Draft.saved_at > answer[1]) if answer is not None else typed
    left = db.session.scalar(since.order_by(Draft.saved_at.desc()).limit(1))
    if left is not None:
        _keep(report_id, operator_id, left.body)


def clear(report_id: int, operator_id: int) -> None:
    """The text was sent: the draft is done."""
    db.session.execute(delete(Draft).where(Draft.report_id == report_id, Draft.operator_id == operator_id))
