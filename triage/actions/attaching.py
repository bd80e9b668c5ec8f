"""Files of messages: those that came are noted with their message and fetched later, those of ours leave with it.

Nothing here touches a file: whoever calls `attach` has sealed it on the disk before the transaction, and takes it
away again where the transaction does not take place.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from channels.base import InboundMessage
from triage import clock, context, fitting
from triage.actions.journal import Entry
from triage.db import db
from triage.models import Attachment, Message
from triage.storing import Stored

MOST_FILENAME = 200
MOST_DESCRIPTION = 200


def attach(message: Message, stored: Stored, place: int = 0) -> Attachment:
    """Put a file at a message of ours that is stored in this transaction. `place` counts from 0 within the message."""
    values = asdict(stored)
    values["filename"] = fitting.line(stored.filename, MOST_FILENAME)
    values["description"] = fitting.line(stored.description, MOST_DESCRIPTION)
    made = Attachment(message_id=message.id, place=place, state="kept", created_at=clock.now(), **values)
    db.session.add(made)
    db.session.flush()
    return made


def note(message_id: int, message: InboundMessage, item: Entry) -> None:
    """Note the files of a message that is being stored: each waits to be fetched, or taken from the raw item."""
    remote: list[dict[str, object]] = [{"url": one.url, "type": one.content_type} for one in message.remote_files]
    here: list[dict[str, object]] = [{"item": item.id, "file": number} for number, _ in enumerate(message.attachments)]
    names = [*("" for _ in remote), *(file.filename for file in message.attachments)]
    for place, (source, filename) in enumerate(zip([*remote, *here], names, strict=True)):
        _wait(message_id, place, source, filename)


def _wait(message_id: int, place: int, source: dict[str, object], filename: str) -> None:
    now = clock.now()
    made = Attachment(message_id=message_id, place=place, state="waiting", due_at=now, created_at=now,
                      filename=fitting.line(filename, MOST_FILENAME) or "")
    made.source_sealed = context.keyring().seal(json.dumps(source), made.source_context)
    db.session.add(made)
