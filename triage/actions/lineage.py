"""Who was linked to whom in a matter, and what each link changed beside itself: read from the history.

All copies of a matter name its primary. Linked may one of them have been to what is a copy itself today: then the two
went along together. So each link can be taken back by itself, whichever was made first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from triage import clock
from triage.db import db
from triage.events import Kind
from triage.models import Event, Report
from triage.models.reports import URGENT

# By one of these a report is awake, or asleep, for a reason of its own. Woken: by a person, not by what came.
MOVED = frozenset({Kind.REPORT_JOINED, Kind.REPORT_SNOOZED, Kind.REPORT_CLOSED, Kind.REPORT_REOPENED,
                   Kind.REPORT_CLAIMED, Kind.REPORT_ASSIGNED, Kind.REPORT_WOKEN})
READ = MOVED | {Kind.REPORT_LINKED, Kind.REPORT_PRIORITISED}


@dataclass
class Node:
    """A report of a matter, what was linked to it, and what happened to it, the oldest first."""

    report: Report
    past: Sequence[Event]
    parent: Node | None = None
    copies: list[Node] = field(default_factory=list)

    @property
    def link(self) -> Event | None:
        """The link that made it a copy, not one by which it went along with another."""
        return last(self.past, lambda one: one.kind == Kind.REPORT_LINKED and "went_with" not in one.data)

    @property
    def linked(self) -> int:
        """The number of that link, 0 where there is none."""
        return self.link.seq if self.link is not None else 0

    @property
    def here_since(self) -> int:
        """The number of the link by which it came to where it is now, alone or with what it had been linked to."""
        above = self.parent.here_since if self.parent is not None and self.parent.parent is not None else 0
        return max(self.linked, above) if self.parent is not None else 0

    def all(self) -> Iterator[Node]:
        """It and everything that came with it."""
        yield self
        for one in self.copies:
            yield from one.all()

    def leave(self) -> None:
        """Out of what it was linked to, with what came with it."""
        if self.parent is not None:
            self.parent.copies.remove(self)
            self.parent = None


def last(past: Iterable[Event], which: Callable[[Event], bool]) -> Event | None:
    """The last of some events of which that is true."""
    found = None
    for one in past:
        if which(one):
            found = one
    return found


def read(primary: Report, others: Sequence[Report]) -> dict[int, Node]:
    """A primary and its copies, by their numbers, each where it was linked to."""
    numbers = [primary.id, *(one.id for one in others)]
    query = select(Event).where(Event.report_id.in_(numbers), Event.kind.in_(READ)).order_by(Event.seq)
    past: dict[int, list[Event]] = {number: [] for number in numbers}
    for event in db.session.scalars(query):
        past[event.report_id or 0].append(event)
    nodes = {one.id: Node(one, past[one.id]) for one in (primary, *others)}
    for one in others:
        node = nodes[one.id]
        node.parent = nodes.get(_to(node.link), nodes[primary.id])
        node.parent.copies.append(node)
    return nodes


def _to(link: Event | None) -> int:
    said = link.data.get("primary") if link is not None else None
    return said if isinstance(said, int) else 0


def urgency(node: Node, undone: Event | None = None) -> int:
    """How urgent a matter is: by itself and by what was linked to it since a person said how urgent it is.

    `undone` is a link onto it that is being taken back.
    """
    said = _said(node)
    since = said.seq if said is not None else 0
    counted = [one for one in node.copies if one.linked > since]
    found = [alone(node, undone), *(urgency(one) for one in counted)]
    cried = any(_cried(member, since) for one in node.copies if one.linked <= since for member in one.all())
    return min([*found, URGENT] if cried else found)


def alone(node: Node, undone: Event | None = None) -> int:
    """How urgent it is without its copies: as before the last of them, unless its own sender cried for help since."""
    links = [link for link in (*(one.link for one in node.copies), undone) if link is not None]
    if not links:
        return node.report.priority
    said, newest = _said(node), max(links, key=lambda one: one.seq)
    if said is not None and said.seq > newest.seq:
        newest = said
    before = newest.data.get("priority" if newest is said else "urgency")
    own = before if isinstance(before, int) else node.report.priority
    return min(own, URGENT) if _cried(node, newest.seq) else own


def _said(node: Node) -> Event | None:
    """The event by which a person said last how urgent it is."""
    return last(node.past, lambda one: one.kind == Kind.REPORT_PRIORITISED)


def _cried(node: Node, since: int) -> bool:
    return any(one.kind == Kind.REPORT_JOINED and one.seq > since and one.data.get("urgent") for one in node.past)


def asleep(node: Node, link: Event, since: int) -> datetime | None:
    """Until when a primary sleeps once a link was taken back by which something belonged to it `since` an event.

    As it does now, where it moved for another reason since then; awake where a copy that is left woke it.
    """
    moved = last_move(node)
    if moved > since:
        return node.report.snoozed_until
    left = [one for one in node.copies if one.linked > moved]
    links = [*(one.link for one in left if one.link is not None), *([link] if _to(link) == node.report.id else [])]
    if not links or any(_woke(one) for one in left):
        return node.report.snoozed_until
    return node.report.snoozed_until or to_come(max(links, key=lambda one: one.seq).data.get("primary_asleep"))


def last_move(node: Node) -> int:
    """The number of the last event by which it woke or fell asleep for another reason than a link."""
    own = last(node.past, _moves)
    written = (one.seq for member in node.all() if member is not node for one in member.past
               if one.kind == Kind.REPORT_JOINED and one.seq > member.here_since)
    return max([own.seq if own is not None else 0, *written])


def _moves(one: Event) -> bool:
    return one.kind in MOVED and (one.kind != Kind.REPORT_WOKEN or one.operator_id is not None)


def _woke(node: Node) -> bool:
    """Whether what came by this link still waits for an answer by what is left of it, or nobody noted what did."""
    waiting = node.link.data.get("waiting") if node.link is not None else None
    left = {member.report.id for member in node.all()}
    return not isinstance(waiting, list) or not left.isdisjoint(waiting)


def to_come(written: object) -> datetime | None:
    """A moment as it stands in the history, if it is still ahead."""
    moment = datetime.fromisoformat(written) if isinstance(written, str) else None
    return moment if moment is not None and moment > clock.now() else None


def was_linked_after(node: Node, went_with: Node) -> object:
    """What the mark of a copy was before it went along by the link of another."""
    link = went_with.link
    for one in node.past:
        data: Mapping[str, object] = one.data
        if (link is not None and one.kind == Kind.REPORT_LINKED and one.seq > link.seq
                and (data.get("went_with"), data.get("primary")) == (went_with.report.id, link.data.get("primary"))):
            return data.get("linked_after")
    return None
