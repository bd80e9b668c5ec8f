"""What citizens do on our own pages: report, answer, ask us to stop, read what we wrote."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from channels.base import InboundMessage
from triage import clock, events
from triage.actions import ingest, outbox
from triage.db import LOCK, db, savepoint
from triage.errors import NotFound
from triage.events import Kind
from triage.models import Delivery, Report
from triage.queries import citizen


def report(message: InboundMessage, receipt_key: str, due_at: datetime | None,
           received_at: datetime | None = None) -> None:
    """Keep a form under its receipt and read it, at `due_at` where it is slowed. Safe to call twice.

    The same form with other answers is kept too, as more words under the same receipt.
    """
    try:
        with savepoint():
            ingest.receive_form(message, receipt_key, due_at, received_at)
    except IntegrityError:  # there is another form under this receipt
        _more(message, receipt_key, due_at, received_at)


def _more(message: InboundMessage, receipt_key: str, due_at: datetime | None, received_at: datetime | None) -> None:
    known = citizen.kept(receipt_key)
    if known is not None and citizen.report(receipt_key) is None:
        due_at = max(filter(None, (due_at, known.due_at, clock.now())))  # never read before the first
    ingest.receive_form(message, None, due_at, received_at)


def answer(receipt_key: str, text: str, token: str, due_at: datetime | None = None, *, urgent: bool = False,
           received_at: datetime | None = None) -> None:
    """The person adds `text` to what their receipt opens; `token` makes it safe to call twice.

    It joins or reopens by the same rules as a text message. Raises NotFound where the receipt opens
    no report, also while the report still waits to be read.
    """
    first = _opened(receipt_key)
    message = InboundMessage(
        channel="web", account_address="", external_id=token, sender=None, text=text,
        thread_key=citizen.thread_key(first), language=first.language, urgent=urgent, raw={"text": text},
    )
    ingest.receive_form(message, None, due_at, received_at)


def opt_out(receipt_key: str) -> None:
    """Stop contacting me: the same as the person's STOP, for every number of ours. Raises NotFound."""
    first = _opened(receipt_key)
    now = citizen.current(citizen.family(first))
    person = citizen.contact(now)
    if person is None:
        return
    again, person.opted_out_at = person.opted_out_at is not None, clock.now()  # a START from before takes nothing back
    if again:
        return
    outbox.stop(person.id)
    events.record(Kind.CONTACT_STOPPED, now.id, contact=person.id)


def _opened(receipt_key: str) -> Report:
    """The report a receipt opens. NotFound."""
    found = citizen.report(receipt_key)
    if found is None:
        raise NotFound
    return found


def seen(receipt_key: str) -> int:
    """The person read their conversation: answers that were to be read here are delivered. How many."""
    unread = citizen.unseen(receipt_key)
    for delivery_id in unread:
        delivery = db.session.get_one(Delivery, delivery_id, with_for_update=LOCK)
        delivery.state, delivery.settled_at = "delivered", clock.now()
        events.record(Kind.DELIVERY_DELIVERED, delivery.report_id, delivery=delivery.id)
    return len(unread)
