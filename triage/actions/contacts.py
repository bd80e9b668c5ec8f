"""People outside: found or made by their sealed address; STOP and START; one neutral acknowledgement a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from flask_babel import force_locale, gettext
from sqlalchemy import Table, bindparam, or_, select, update

from triage import addresses, clock, context, events
from triage.actions import outbox
from triage.actions.journal import Door, Entry
from triage.db import LOCK, db
from triage.events import Kind
from triage.models import Contact, Message, Report
from triage.statements import execute, insert_once

ACKNOWLEDGE_EVERY = timedelta(days=1)
# Built once, and of tables alone: everything that arrives runs them.
TABLE: Table = Contact.__table__  # type: ignore[assignment]  # typed as FromClause
PLAIN = TABLE.c["id", "address_kind", "language", "opted_out_at", "acknowledged_at"]
KNOWN = (select(*PLAIN).where(TABLE.c.address_kind == bindparam("kind"), TABLE.c.address_key == bindparam("key"))
         .with_for_update(key_share=True))
CHANGE = update(TABLE).where(TABLE.c.id == bindparam("number"))


class Person(NamedTuple):
    """What filing needs of a contact: a plain value; `_note` writes down what becomes of it."""

    id: int
    address_kind: str
    language: str | None
    opted_out_at: datetime | None
    acknowledged_at: datetime | None


def find_or_make(kind: str, address: str, name: str | None = None, language: str | None = None) -> Person:
    """The one contact of an address, locked. The address is stored sealed, found by its blind index."""
    normal = addresses.normalise(kind, address, context.settings().default_region)
    key = context.keyring().blind(f"contact {kind}", normal)
    # Whoever is made by somebody else between the look and the making is found by the second look.
    known = _known(kind, key) or _made(kind, key, normal, name, language) or _known(kind, key)
    assert known is not None  # noqa: S101 - contacts are never deleted
    return known


def _known(kind: str, key: str) -> Person | None:
    row = execute(KNOWN, {"kind": kind, "key": key}).first()
    return Person(**row._mapping) if row is not None else None


def _made(kind: str, key: str, normal: str, name: str | None, language: str | None) -> Person | None:
    """Whom we made now; None where somebody else was faster."""
    values = {
        "address_kind": kind, "address_key": key, "hint": addresses.hint(kind, normal), "name": _name(name, normal),
        "address_sealed": context.keyring().seal(normal, f"contacts.address|{kind}|{key}"),
        "language": language, "created_at": clock.now(),
    }
    number = insert_once(Contact, ("address_kind", "address_key"), **values)
    return Person(number, kind, language, None, None) if number is not None else None


def _note(contact: Person, **changed: object) -> None:
    execute(CHANGE.values({name: bindparam(name) for name in changed}), {"number": contact.id, **changed})


def _name(name: str | None, address: str) -> str | None:
    """The name a network gives, unless it spells the address out: staff see no more of that than its hint."""
    digits = "".join(letter for letter in name or "" if letter.isdecimal())
    if not name or address in name.lower().replace(" ", "") or (len(digits) > 5 and address.endswith(digits[-6:])):
        return None
    return name[:120]


def obey(contact: Person, command: str, account: Door | None, item: Entry) -> None:
    """STOP: nothing of ours is written to them from now on, by any number. START takes back what was said before it.

    Both count from when they reached us: one that waited, outside the database or to be read, is no later for that.
    """
    latest = latest_report(contact)
    if command == "start":
        if contact.opted_out_at is not None and contact.opted_out_at > item.received_at:
            return
        _note(contact, opted_out_at=None, opted_out_account_id=None)
        events.record(Kind.CONTACT_STARTED, latest.id if latest else None, contact=contact.id)
        return
    if contact.opted_out_at is not None:
        _note(contact, opted_out_at=max(contact.opted_out_at, item.received_at))
        return  # said and confirmed already: not one more message
    _note(contact, opted_out_at=item.received_at, opted_out_account_id=account.id if account else None)
    outbox.stop(contact.id)
    events.record(Kind.CONTACT_STOPPED, latest.id if latest else None, contact=contact.id)
    if latest is not None:
        _tell(latest.id, contact, account, item, "stop_confirmation")


def told_stop(contact_id: int, account_id: int | None) -> None:
    """The provider says that this person has told it to stop us: as if they had told us. Nothing confirms it."""
    contact = db.session.get_one(Contact, contact_id, with_for_update=LOCK, populate_existing=True)
    if contact.opted_out_at is not None:
        return
    contact.opted_out_at, contact.opted_out_account_id = clock.now(), account_id
    outbox.stop(contact_id)
    events.record(Kind.CONTACT_STOPPED, None, contact=contact_id)


def latest_report(contact: Person) -> Report | None:
    """The newest report of a person, also one whose form named this address for answers."""
    theirs = or_(Report.contact_id == contact.id, Report.reply_contact_id == contact.id)
    query = select(Report).where(theirs).order_by(Report.id.desc())
    return db.session.scalars(query.limit(1)).first()


def acknowledge(report_id: int, contact: Person, account: Door | None, item: Entry) -> None:
    """Say once a day, neutrally, that the message has come; never publicly, never after STOP."""
    now = clock.now()
    recent = contact.acknowledged_at is not None and contact.acknowledged_at > now - ACKNOWLEDGE_EVERY
    if recent or contact.opted_out_at is not None or not context.settings().acknowledge:
        return
    if _tell(report_id, contact, account, item, "acknowledgement"):
        _note(contact, acknowledged_at=now)


def _tell(report_id: int, contact: Person, account: Door | None, item: Entry, purpose: str) -> bool:
    """Put one sentence of the desk itself into the outbox, from the shared account that was written to."""
    if account is None or not account.can_send or account.operator_id is not None:
        return False
    message = Message(
        report_id=report_id, contact_id=contact.id, account_id=account.id, channel=account.channel,
        direction="out", body=_sentence(purpose, contact), recorded_at=clock.now(),
        dedupe_key=f"{purpose}:{item.id}",
    )
    db.session.add(message)
    db.session.flush()
    delivery = outbox.add(message, purpose, None, 0)
    events.record(Kind.ACKNOWLEDGEMENT_QUEUED, report_id, None, delivery=delivery.id, purpose=purpose)
    return True


def _sentence(purpose: str, contact: Person) -> str:
    settings = context.settings()
    language = contact.language if contact.language in settings.desk_languages else settings.desk_languages[0]
    with force_locale(language):
        if purpose == "stop_confirmation":
            return str(gettext("You will get no more messages from us. Write START to change that."))
        return str(gettext("We have your message. A volunteer will read it. Write STOP to end."))
