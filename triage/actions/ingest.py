"""Everything that arrives enters here, and entering twice is safe.

`receive` is the whole of one arrival in one transaction: journal the raw item, then in a savepoint
understand it; what cannot be understood stays in the journal, quarantined, visible and countable.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.exc import IntegrityError, OperationalError

from channels.base import Attachment, DeliveryUpdate, InboundMessage, WebhookRequest
from channels.errors import Unreadable
from triage import clock, connections, context, events, fitting, keywords, logs
from triage.actions import contacts, doubt, filing, items, journal
from triage.actions.items import Item
from triage.actions.journal import Arrival, Door, Entry
from triage.crashpoints import crashpoint
from triage.db import db, savepoint
from triage.events import Kind
from triage.models import Account, InboundItem
from triage.statements import execute

log = logs.logger(__name__)

# Built once: what arrives runs these, and to build a statement costs more than to run it.
COLUMN = cast(Table, Account.__table__).c
ACCOUNT = (select(*(COLUMN[name] for name in Door._fields))
           .where(COLUMN.provider == bindparam("provider"), COLUMN.channel == bindparam("to_channel"),
                  COLUMN.address == bindparam("to")))

FORMS = ("web", "desk")  # whose raw item is an InboundMessage of our own making
PARKED = timedelta(minutes=10)  # how long a status may wait for the send it speaks of
PARKED_RECHECK = timedelta(seconds=3)
PARKED_LATE = timedelta(minutes=1)  # one that waited elsewhere before: it is looked at once more


def take_in(arrivals: Sequence[Arrival]) -> None:
    """Keep what providers brought and understand each from its own bytes, as it would be tried again later."""
    kept = [(arrival, item, _Reader(arrival)) for arrival, item in zip(arrivals, journal.write(arrivals), strict=True)]
    for arrival, item, parse in sorted(kept, key=lambda one: _whose(one[1], one[2])):
        _read_now(arrival, item, parse)
    journal.write_fates()


class _Reader:
    """Reads an arrival from its own bytes, once: first for whom it is of, then for what it says."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self._found: Sequence[Item] | None = None

    def __call__(self) -> Sequence[Item]:
        """What it says. Raises Unreadable, each time."""
        if self._found is None:
            of = self._arrival
            self._found = _parsed(of.provider, of.channel, of.content_type, of.body, of.url, own=of.own)
        return self._found


def _whose(item: Entry | None, parse: Callable[[], Sequence[Item]]) -> tuple[bool, str]:
    """People in one order everywhere, so that who is locked by one batch never waits crosswise for another; then
    what concerns no person. What one person said stays in its order.
    """
    if item is None:
        return True, ""
    try:
        said = [one.sender for one in parse() if isinstance(one, InboundMessage) and one.sender]
    except Exception:  # it is told what is wrong with it when it is read
        return True, ""
    return not said, min(said, default="")


def receive(arrival: Arrival, parse: Callable[[], Sequence[Item]]) -> None:
    """Keep a raw item and understand it. Already kept: nothing happens. Never raises for what the item says."""
    _read_now(arrival, journal.write([arrival])[0], parse)
    journal.write_fates()


def _read_now(arrival: Arrival, item: Entry | None, parse: Callable[[], Sequence[Item]]) -> None:
    crashpoint("in.journalled")
    if item is not None and arrival.due_at is None:
        _understand(item, parse)
    crashpoint("in.filed")


def receive_form(message: InboundMessage, receipt_key: str | None, due_at: datetime | None = None,
                 received_at: datetime | None = None) -> None:
    """A web form, by its token: the second time nothing happens. With `due_at` it is read then, not now."""
    arrival = Arrival("web", "web", str(message.external_id), form_body(message), receipt_key=receipt_key,
                      due_at=due_at, received_at=received_at)
    receive(arrival, lambda: [message])


def form_body(message: InboundMessage) -> bytes:
    """A web form as its raw item keeps it."""
    return json.dumps(asdict(message), default=str).encode()


def form_in(body: bytes) -> InboundMessage:
    """The web form that `form_body` wrote."""
    return InboundMessage(**{**json.loads(body), "sent_at": None})


def quarantine(arrival: Arrival, reason: str) -> None:
    """Keep a raw item that cannot be taken in as it is; a coordinator may let it be tried again."""
    (item,) = journal.write([arrival])
    if item is not None:
        _put_aside(item, reason)
        journal.write_fates()


def understand_later(item_id: int, *, again: bool = False) -> None:
    """Read a journalled item now: a slowed form, a parked status; with `again` also one in quarantine.

    Behind its lock: whoever looks at the same moment finds it read.
    """
    states = ("received", "quarantined") if again else ("received",)
    query = select(InboundItem).where(InboundItem.id == item_id, InboundItem.state.in_(states))
    item = db.session.scalar(query.with_for_update(key_share=True))
    if item is not None:
        db.session.expunge(item)
        entry = Entry(item.id, item.provider, item.receipt_key, item.received_at, item.due_at)
        _understand(entry, lambda: _parse_again(item))
        journal.write_fates()


def files_of(item_id: int) -> Sequence[Attachment]:
    """The files that came inside a journalled item, in their order. Raises Unreadable, LookupError."""
    item = db.session.get_one(InboundItem, item_id)
    return [file for one in _parse_again(item) if isinstance(one, InboundMessage) for file in one.attachments]


def _parse_again(item: InboundItem) -> Sequence[Item]:
    raw = json.loads(context.keyring().open(item.raw_sealed, item.raw_context))
    return _parsed(item.provider, raw["channel"], raw["type"], base64.b64decode(raw["body"]), raw.get("url", ""),
                   own=raw.get("own", False))


def _parsed(provider: str, hook: str, content_type: str, body: bytes, url: str, *, own: bool) -> Sequence[Item]:
    if own:
        return [items.unpacked(body)]
    if provider in FORMS:
        return [form_in(body)]
    request = WebhookRequest(url, {"Content-Type": content_type}, {}, body)
    return connections.receiver(hook, provider).parse(request)


def _understand(item: Entry, parse: Callable[[], Sequence[Item]]) -> None:
    try:
        try:
            _read(item, parse)
        except IntegrityError:
            _read(item, parse)  # somebody opened the same thread a moment ago: now it can be seen and joined
    except doubt.NotYet as early:
        _park(item, early.at)
    except OperationalError:
        raise  # the database, not the item: the whole transaction is tried again
    except Exception as problem:
        _quarantine(item, problem)


def _read(item: Entry, parse: Callable[[], Sequence[Item]]) -> None:
    with savepoint():
        results = [_take_in(item, one) for one in parse()]
        item.state, item.result, item.due_at = "ingested", (results or ["control"])[0], None
        journal.keep(item)
        db.session.flush()


def _park(item: Entry, at: datetime | None) -> None:
    """A status before its send was written down: look again soon, and give up quietly after a while.

    What the desk was away for may be settled only after its status came out of the spool: it has a second look, too.
    With `at` it is known when to look: then it will be understood.
    """
    if at is not None:
        item.state, item.due_at = "received", at
        journal.keep(item)
        return
    late = clock.now() - item.received_at > PARKED
    if late and item.due_at is not None:
        item.state, item.result, item.due_at = "ingested", "control", None
    else:
        item.state, item.due_at = "received", clock.now() + (PARKED_LATE if late else PARKED_RECHECK)
    journal.keep(item)


def _quarantine(item: Entry, problem: Exception) -> None:
    # Only our own sentences are safe to keep: other exceptions may quote the message.
    reason = str(problem) if isinstance(problem, Unreadable) else type(problem).__name__
    log.warning("inbound.quarantined", item_id=item.id, problem=type(problem).__name__)
    _put_aside(item, reason)


def _put_aside(item: Entry, reason: str) -> None:
    item.state, item.result, item.error, item.due_at = "quarantined", None, reason[:200], None
    journal.keep(item)
    events.record(Kind.INBOUND_QUARANTINED, None, None, item=item.id)


def _take_in(item: Entry, one: Item) -> str:
    account = _account(item.provider, one)
    item.account_id = account.id if account else None
    if isinstance(one, DeliveryUpdate):
        doubt.apply_update(item.account_id, fitting.update(one))
        return "control"
    if one.stand_in is not None and filing.stood_in_for(one, item):
        return "control"
    return ingest(item, fitting.message(one), account)


def _account(provider: str, one: Item) -> Door | None:
    """The account an item came to. Unreadable where we have no such account."""
    if not connections.capabilities(one.channel, provider).needs_account:
        return None
    key = (provider, one.channel, one.account_address)
    known: dict[tuple[str, str, str], Door | None] = db.session.info.setdefault("accounts", {})
    if key not in known:  # asked once in a transaction, however much is taken in by it
        row = execute(ACCOUNT, dict(zip(("provider", "to_channel", "to"), key, strict=True))).first()
        known[key] = Door._make(row) if row is not None else None
    account = known[key]
    if account is None:
        raise Unreadable("It was sent to an address that is no account of this desk.")
    return account


def ingest(item: Entry, message: InboundMessage, account: Door | None) -> str:
    """Record, file, announce: what the message became (`opened`, `joined`, `copy`, `control`). Safe to call twice."""
    capabilities = connections.capabilities(message.channel, item.provider)
    contact = None
    if message.sender:
        kind = capabilities.address_kind
        contact = contacts.find_or_make(kind, message.sender, message.sender_name, message.language)
    command = None if capabilities.is_public or contact is None else keywords.command(message.text)
    if contact is not None and command is not None:
        contacts.obey(contact, command, account, item)
        return "control"
    filed = filing.file(message, contact, account, item)
    if filed is None:
        return "copy"
    report_id, result = filed
    if contact is not None and not capabilities.is_public:
        contacts.acknowledge(report_id, contact, account, item)
    return result

