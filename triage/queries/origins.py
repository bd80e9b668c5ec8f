"""What repeats another report though its words say too little: by what it says of itself, or by who says them again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, cast

from sqlalchemy import Table, bindparam, literal_column, or_, select

from triage.db import BigKey, db
from triage.models import Attachment, Message, Report, TextKey
from triage.similarity.words import words_of
from triage.statements import execute

AT_ONCE = timedelta(hours=1)  # matching.md, section 1, step 2: "or sender and hour agree"
MOST = 20  # reports of one person within it that are looked at
SAID = cast(Table, Message.__table__).c


class Told(NamedTuple):
    """A message as it is compared."""

    id: int
    channel: str
    body: str
    repost_of: str | None


class Opened(Protocol):
    """What is known of a report when it is compared."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def contact_id(self) -> int | None:
        """Who said it."""

    @property
    def received_at(self) -> datetime:
        """When it came."""


TOLD = (select(*(SAID[name] for name in Told._fields))
        .where(SAID.report_id == bindparam("number", type_=BigKey), SAID.direction == literal_column("'in'"))
        .order_by(SAID.id).limit(bindparam("most")))


def told(report_id: int, most: int) -> list[Told]:
    """The first messages of a report that came in, at most so many."""
    return [Told(row.id, row.channel, row.body, row.repost_of)
            for row in execute(TOLD, {"number": report_id, "most": most})]


def original(report_id: int, message: Told) -> int | None:
    """The report with the post that a message repeats, or the first with another that repeats the same one."""
    if message.repost_of is None:
        return None
    same = or_(Message.external_id == message.repost_of, Message.repost_of == message.repost_of)
    known = select(Message.report_id).where(Message.channel == message.channel, same, Message.report_id != report_id)
    return db.session.scalar(known.order_by(Message.id).limit(1))


def said_again(report: Opened) -> int | None:
    """The first report that the same person opened within the hour with the same few words, and nothing else."""
    mine = _first(report.id)
    words = words_of(mine.body).texts if mine is not None else ()
    if not words or report.contact_id is None:
        return None
    near = Report.received_at.between(report.received_at - AT_ONCE, report.received_at + AT_ONCE)
    told = select(TextKey.report_id).where(TextKey.report_id == Report.id).exists()
    others = select(Report.id).where(Report.contact_id == report.contact_id, Report.id != report.id, near, ~told)
    for number in db.session.scalars(others.order_by(Report.id).limit(MOST)).all():
        theirs = _first(number)
        if theirs is not None and words_of(theirs.body).texts == words:
            return number
    return None


def _first(report_id: int) -> Message | None:
    """The first message of a report, unless a file came with it: that may say what the words do not."""
    first = db.session.scalar(select(Message).where(Message.report_id == report_id, Message.direction == "in")
                              .order_by(Message.id).limit(1))
    files = select(Attachment.id).where(Attachment.message_id == first.id).limit(1) if first is not None else None
    return first if files is not None and db.session.scalar(files) is None else None
