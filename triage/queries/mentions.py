"""Where messages name places, for whoever reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from triage.db import db
from triage.models import Mention, Message
from triage.queries import places
from triage.queries.place_shapes import MentionView


def of_messages(messages: Sequence[Message]) -> dict[int, list[MentionView]]:
    """The mentions in these messages, by the message's number, in the order of the text."""
    query = select(Mention).where(Mention.message_id.in_([message.id for message in messages]))
    rows = list(db.session.scalars(query.order_by(Mention.message_id, Mention.start)))
    known = places.views(row.place_id for row in rows)
    found: dict[int, list[MentionView]] = defaultdict(list)
    for row in rows:
        found[row.message_id].append(MentionView(
            row.id, row.start, row.stop, row.said, row.code, known.get(row.place_id or 0), row.operator_id is not None))
    return found
