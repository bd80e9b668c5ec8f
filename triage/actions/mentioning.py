"""When a message is filed: where it names places is noted, and the place of its report where that is clear.

Nothing here may keep a message from being filed: what fails is logged, and the message stands without it.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table, insert, select, text
from sqlalchemy.exc import DBAPIError

from channels.base import InboundMessage
from triage import logs
from triage.db import db, savepoint, unavailable, worth_retrying
from triage.gazetteer.spotting import Spot
from triage.models import Mention, Message, Report
from triage.queries import places
from triage.statements import execute

log = logs.logger(__name__)

MOST_MENTIONS = 50  # of one message
MOST_SAID = 200
NOTE = insert(cast(Table, Mention.__table__))
# Where nobody has said otherwise: a first place, or one that lies in the one that is known.
PUT = text("""
UPDATE reports SET place_id = :place WHERE id = :report AND placed_by IS NULL AND (place_id IS NULL OR place_id IN (
    WITH RECURSIVE up(at) AS (
        SELECT parent_id FROM places WHERE id = :place
        UNION SELECT places.parent_id FROM places JOIN up ON places.id = up.at)
    SELECT at FROM up WHERE at IS NOT NULL))""")


def note(report_id: int, message_id: int, message: InboundMessage) -> None:
    """Note what a message names, now stored on a report. Raises only where the database itself wants another try."""
    try:
        with savepoint():
            _note(report_id, message_id, message)
    except DBAPIError as problem:
        if unavailable(problem) or worth_retrying(problem):
            raise
        log.warning("places.not_looked_for", message_id=message_id, problem=type(problem).__name__)
    except Exception as problem:
        log.warning("places.not_looked_for", message_id=message_id, problem=type(problem).__name__)


def _note(report_id: int, message_id: int, message: InboundMessage) -> None:
    seen = places.look(message.text, message.place_text or "")
    spots = [spot for spot in seen.spots if not spot.field][:MOST_MENTIONS]
    if spots:
        execute(NOTE, [_row(message_id, message.text, spot) for spot in spots])
    if seen.clear is not None:
        execute(PUT, {"place": seen.clear, "report": report_id})


def look_again(report: Report) -> None:
    """Messages came to a report or left it: where nobody has said where it is, look for its place in those it has."""
    if report.placed_by is not None or not places.any_known():
        return
    report.place_id = None
    db.session.flush()
    said = select(Message.body).where(Message.report_id == report.id, Message.direction == "in").order_by(Message.id)
    for text_ in db.session.scalars(said).all():
        clear = places.look(text_, report.place_text or "").clear
        if clear is not None:
            execute(PUT, {"place": clear, "report": report.id})
    db.session.expire(report, ["place_id"])


def _row(message_id: int, said: str, spot: Spot) -> dict[str, object]:
    return {"message_id": message_id, "start": spot.start, "stop": spot.stop, "code": spot.code,
            "place_id": spot.places[0] if len(spot.places) == 1 else None, "operator_id": None,
            "said": said[spot.start:spot.stop][:MOST_SAID]}
