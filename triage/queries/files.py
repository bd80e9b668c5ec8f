"""Files of messages: what waits to be fetched, and what of a message's files somebody may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from triage import clock
from triage.db import db
from triage.errors import NotFound
from triage.models import Attachment, Delivery, Message, Operator, Report
from triage.models.deliveries import UNFINISHED
from triage.queries import naming, scope
from triage.queries.shapes import FileView

YOUNG = timedelta(hours=1)  # how long after it was sent a provider may still come for a file of an answer


def is_due() -> bool:
    """Whether a file waits to be fetched now."""
    due = select(Attachment.id).where(Attachment.state == "waiting", Attachment.due_at <= clock.now()).limit(1)
    return db.session.scalar(due) is not None


def load(file_id: int, actor: Operator) -> Attachment:
    """A file of a message on a report that `actor` may see; else NotFound, as for what does not exist."""
    query = (select(Attachment).join(Message, Message.id == Attachment.message_id)
             .join(Report, Report.id == Message.report_id).where(Attachment.id == file_id, scope.visible(actor)))
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def leaving(file_id: int) -> Attachment | None:
    """The file of an answer that is on its way, or left a moment ago: only then its provider may come for it."""
    recent = or_(Delivery.state.in_((*UNFINISHED, "uncertain")), Delivery.settled_at > clock.now() - YOUNG)
    query = (select(Attachment).join(Message, Message.id == Attachment.message_id)
             .join(Delivery, Delivery.message_id == Message.id)
             .where(Attachment.id == file_id, Attachment.state == "kept", Message.direction == "out",
                    Delivery.state != "cancelled", recent))
    return db.session.scalar(query.limit(1))


def of_messages(messages: Sequence[Message]) -> dict[int, list[FileView]]:
    """What is shown of the files of messages that somebody may read already, by message, in their order."""
    ids = [message.id for message in messages]
    rows = db.session.scalars(select(Attachment).where(Attachment.message_id.in_(ids))
                              .order_by(Attachment.message_id, Attachment.place)).all()
    names = naming.public_names({one.transcribed_by for one in rows}) if rows else {}
    found: dict[int, list[FileView]] = {}
    for one in rows:
        found.setdefault(one.message_id, []).append(_view(one, names))
    return found


def _view(one: Attachment, names: dict[int, str]) -> FileView:
    return FileView(
        id=one.id, state=one.state, kind=one.kind, content_type=one.content_type, filename=one.filename,
        size=one.size, clean=one.clean is not None, description=one.description, error=one.error,
        transcript=one.transcript, transcribed_by=names.get(one.transcribed_by or 0), transcribed_at=one.transcribed_at,
    )


def carried(delivery_id: int) -> list[tuple[int, str]]:
    """The files that leave with a delivery's message: number and content type."""
    query = (select(Attachment.id, Attachment.clean_type).join(Delivery, Delivery.message_id == Attachment.message_id)
             .where(Delivery.id == delivery_id, Attachment.state == "kept", Attachment.clean.is_not(None))
             .order_by(Attachment.place))
    return [(number, str(kind)) for number, kind in db.session.execute(query)]
