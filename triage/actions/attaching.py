"""Files of messages: those that came are noted with their message and fetched later, those of ours leave with it.

Nothing here touches a file: whoever calls `attach` has sealed it on the disk before the transaction, and takes it
away again where the transaction does not take place.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from sqlalchemy import select

from channels.base import InboundMessage
from triage import clock, connections, context, fitting
from triage.actions.journal import Entry
from triage.db import db
from triage.errors import N_, BadInput
from triage.models import Account, Attachment, Delivery, Message
from triage.storing import Stored

MOST_FILENAME = 200
MOST_DESCRIPTION = 200
NO_FILES = N_("No picture can be sent on this channel. Your text is kept; send it without.")


def attach(message: Message, stored: Stored, place: int = 0) -> Attachment:
    """Put a file at a message of ours that is stored in this transaction. `place` counts from 0 within the message."""
    values = asdict(stored)
    values["filename"] = fitting.line(stored.filename, MOST_FILENAME)
    values["description"] = fitting.line(stored.description, MOST_DESCRIPTION)
    made = Attachment(message_id=message.id, place=place, state="kept", created_at=clock.now(), **values)
    db.session.add(made)
    db.session.flush()
    return made


def attach_once(delivery: Delivery, stored: Stored) -> bool:
    """Put a file at the answer that a delivery sends; False where it has one: the same answer was sent a second time.

    Raises BadInput where the channel carries no files.
    """
    known = select(Attachment.id).where(Attachment.message_id == delivery.message_id)
    if db.session.scalar(known.limit(1)) is not None:
        return False
    account = db.session.get(Account, delivery.account_id) if delivery.account_id is not None else None
    if not connections.capabilities(delivery.channel, account.provider if account else None).attachments:
        raise BadInput(NO_FILES, "picture")
    attach(db.session.get_one(Message, delivery.message_id), stored)
    return True


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
