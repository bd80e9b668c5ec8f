"""Internal notes."""

from __future__ import annotations

from triage import clock, events
from triage.actions import matters
from triage.db import db
from triage.errors import N_, BadInput
from triage.events import Kind
from triage.models import Note, Operator

MOST_CHARACTERS = 10_000


def add(report_id: int, actor: Operator, text: str) -> Note:
    """Write a note on a report one can see; renews the lease when one holds it."""
    report = matters.lock(report_id, actor)
    if not text.strip():
        raise BadInput(N_("A note needs some words."), "text")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(N_("A note can have at most %(most)s characters."), "text", most=MOST_CHARACTERS)
    held = matters.holding(report.id)
    if held is not None and held.operator_id == actor.id:
        held.last_active_at = clock.now()
    note = Note(report_id=report.id, operator_id=actor.id, body=text.strip(), created_at=clock.now())
    db.session.add(note)
    db.session.flush()
    events.record(Kind.NOTE_ADDED, report.id, actor.id, note=note.id)
    return note
