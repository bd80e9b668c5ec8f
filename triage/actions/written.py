"""Reports that somebody of the desk, or a program of theirs, writes down: calls, texts from another gateway."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal_column, select

from channels.base import InboundMessage
from triage import addresses, context, events
from triage.actions import ingest, journal, keeping
from triage.db import db, is_postgresql
from triage.errors import N_, BadInput, KeyReused
from triage.events import Kind
from triage.models import InboundItem, Message, Operator
from triage.queries import scope
from triage.rights import Right

PROVIDER = "desk"
CHANNELS = {"phone": "phone", "gateway": "sms"}  # how it was said -> the channel it counts as
CONSENT = N_("Whoever wrote the report down noted an address for answers.")
TURN = select(func.pg_advisory_xact_lock(literal_column("7236300"), func.hashtext(bindparam("name"))))
NO_WORDS = N_("A report needs some words.")


@dataclass(frozen=True)
class Note:
    """What was heard: `channel` is phone or gateway, the rest as in a message that arrives by itself."""

    channel: str
    text: str
    sender: str | None = None
    sender_name: str | None = None
    reply_to: str | None = None
    place: str | None = None
    language: str | None = None
    urgent: bool = False


def write_down(note: Note, actor: Operator, key: str) -> tuple[str, int | None]:
    """Take a report in as if it had arrived: what it became, and the number of the report it is on.

    The same `key` of the same person with the same words gives the same answer and changes nothing;
    with others KeyReused. Raises BadInput for an address that is none, and Forbidden.
    """
    scope.require(actor, Right.HANDLE_REPORTS)
    message = _message(note, actor, key)
    body = ingest.form_body(message)
    if is_postgresql():  # the same key at the same moment is seen; no lock of a person, who are behind contacts here
        db.session.execute(TURN, {"name": _name(actor, key)})
    known = _earlier(actor, key)
    if known is not None:
        return _outcome(known, message, body)
    ingest.take_in([journal.Arrival(PROVIDER, message.channel, message.external_id, body)])
    item = _earlier(actor, key)
    assert item is not None  # noqa: S101 - journalled a moment ago
    result, report_id = _outcome(item, message, body)
    events.record(Kind.REPORT_WRITTEN, report_id, actor.id, item=item.id)
    return result, report_id


def _message(note: Note, actor: Operator, key: str) -> InboundMessage:
    if not note.text.strip():
        raise BadInput(NO_WORDS, "text")
    return InboundMessage(
        channel=CHANNELS[note.channel], account_address="", external_id=_name(actor, key),
        sender=_phone(note.sender, "sender"), sender_name=note.sender_name, text=note.text.strip(),
        reply_to=_address(note.reply_to), place_text=note.place, language=note.language, urgent=note.urgent,
        raw={"consent_wording": CONSENT},
    )


def _phone(address: str | None, field: str, kind: str = "phone") -> str | None:
    try:
        return addresses.normalise(kind, address, context.settings().default_region) if address else None
    except BadInput as problem:
        raise BadInput(problem.reason, field) from problem


def _address(text: str | None) -> str | None:
    return _phone(text, "reply_to", "email" if text and "@" in text else "phone")


def _earlier(actor: Operator, key: str) -> InboundItem | None:
    """What this person wrote down under this key, on whichever channel."""
    keys = [f"{PROVIDER}:{channel}:{_name(actor, key)}" for channel in CHANNELS.values()]
    return db.session.scalar(select(InboundItem).where(InboundItem.external_key.in_(keys))
                             .execution_options(populate_existing=True))


def _name(actor: Operator, key: str) -> str:
    return f"written:{actor.id}:{key}"


def _outcome(item: InboundItem, message: InboundMessage, body: bytes) -> tuple[str, int | None]:
    raw = json.loads(context.keyring().open(item.raw_sealed, item.raw_context))
    if b64decode(raw["body"]) != body:
        raise KeyReused
    stored = select(Message.report_id).where(Message.dedupe_key == keeping.dedupe_key(message))
    return item.result or item.state, db.session.scalar(stored)
