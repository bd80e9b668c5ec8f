"""What is said in a sound, written down by whoever holds its report; and who opened a file as it came, and why."""

from __future__ import annotations

from sqlalchemy import select

from triage import clock, events
from triage.actions import matters, notes
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Attachment, Message, Operator
from triage.queries import scope
from triage.rights import Right

MOST_CHARACTERS = 20_000
MOST_REASON = 500


def transcribe(file_id: int, actor: Operator, assignment_id: int, text: str) -> Attachment:
    """Write down what is said in a sound, or correct it; the lease begins anew. Raises NotTheHolder, BadInput.

    Of a copy's sound the primary's holder does. The history tells that it was written, and no word of it.
    """
    text = text.strip()
    if not text:
        raise BadInput(N_("Write down what is said first."), "text")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(N_("What is said can have at most %(most)s characters."), "text", most=MOST_CHARACTERS)
    report, primary = matters.lock_matter(_report_of(file_id), actor)
    held = matters.require_holder(primary, actor, assignment_id)
    found = _locked(file_id)
    if found.kind != "audio" or found.state != "kept":
        raise NotFound
    found.transcript, found.transcribed_by, found.transcribed_at = text, actor.id, clock.now()
    held.last_active_at = clock.now()
    events.record(Kind.FILE_TRANSCRIBED, report.id, actor.id, file=found.id)
    return found


def open_original(file_id: int, actor: Operator, reason: str) -> Attachment:
    """Give leave to see a file as it came, with all it says of who made it. The reason stays as a note.

    Raises Forbidden, BadInput.
    """
    scope.require(actor, Right.OPEN_ORIGINALS)
    report_id = _report_of(file_id)
    matters.lock(report_id, actor)
    found = _locked(file_id)
    if found.state != "kept":
        raise NotFound
    if not reason.strip():
        raise BadInput(N_("Say why you need the file as it came."), "reason")
    if len(reason) > MOST_REASON:
        raise BadInput(N_("A reason can have at most %(most)s characters."), "reason", most=MOST_REASON)
    note = notes.add(report_id, actor, reason)
    events.record(Kind.FILE_OPENED, report_id, actor.id, file=found.id, note=note.id)
    return found


def _report_of(file_id: int) -> int:
    query = select(Message.report_id).join(Attachment, Attachment.message_id == Message.id)
    found = db.session.scalar(query.where(Attachment.id == file_id))
    if found is None:
        raise NotFound
    return found


def _locked(file_id: int) -> Attachment:
    query = select(Attachment).where(Attachment.id == file_id).with_for_update(key_share=True)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
