"""The words the simulator speaks: what the carrier may do, and plain frozen shapes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SMS = "sms"
POSTS = "mastodon"


class Behaviour(StrEnum):
    """What the carrier does with a send."""

    WORKS = "works"
    SLOW = "slow"  # accepts after some seconds
    THROTTLES = "throttles"  # asks for some seconds of patience
    REFUSES = "refuses"  # for good
    ACCOUNT_PROBLEM = "account_problem"
    UNREACHABLE = "unreachable"  # before acceptance, and says so
    CUTS_OFF_BEFORE = "cuts_off_before"  # the connection is lost and nothing was accepted
    CUTS_OFF_AFTER = "cuts_off_after"  # accepted, and the answer is lost
    FAILS_LATER = "fails_later"  # accepted, and reported as failed afterwards


@dataclass(frozen=True)
class Person:
    """A citizen's phone or handle on the page."""

    channel: str
    address: str
    name: str


@dataclass(frozen=True)
class Written:
    """What a citizen writes. `id` and `sent_at` are the network's to give unless set here.

    `times` is how often the network hands it over: 1, more for a stuttering one, 0 for a message lost on the way.
    """

    channel: str
    sender: str
    to: str
    text: str
    sender_name: str | None = None
    in_reply_to: str | None = None
    repost_of: str | None = None
    place: str | None = None
    sent_at: datetime | None = None
    id: str | None = None
    times: int = 1


@dataclass(frozen=True)
class Offer:
    """A send as the desk asks for it."""

    channel: str
    account: str
    recipient: str
    text: str
    idempotency_key: str
    in_reply_to: str | None = None


@dataclass(frozen=True)
class Line:
    """One line on a phone: the citizen's own words or the desk's. `account` is the desk's address.

    `state` is, of the citizen's words: waiting, troubled (the desk did not take it, `status` says how),
    taken, lost; of the desk's: arrived (the desk is not told yet), delivered, failed.
    """

    id: str
    own: bool
    account: str
    text: str
    at: datetime
    state: str
    status: int | None = None
    reposts: int = 0
    repost_of: str | None = None


@dataclass(frozen=True)
class Post:
    """A public post somebody may answer or repost."""

    id: str
    author: str
    text: str


@dataclass(frozen=True)
class Hook:
    """Something that must be handed to the desk now."""

    n: int
    channel: str
    body: bytes


@dataclass(frozen=True)
class Try:
    """One attempt to hand something over: the desk's HTTP status, None with a `problem` where none came."""

    at: datetime
    status: int | None
    problem: str | None


@dataclass(frozen=True)
class Request:
    """A send request of the desk. `answer` is None where the asker was gone before there was one."""

    channel: str
    account: str
    recipient: str
    text: str
    in_reply_to: str | None
    idempotency_key: str
    behaviour: str
    answer: str | None
    at: datetime


@dataclass(frozen=True)
class Accepted:
    """A message of the desk that reached somebody."""

    id: str
    channel: str
    account: str
    recipient: str
    text: str
    in_reply_to: str | None
    idempotency_key: str
    at: datetime


@dataclass(frozen=True)
class Handover:
    """What one look of the carrier did."""

    tried: int = 0
    taken: int = 0

    @property
    def refused(self) -> int:
        """Tries that got no yes: they come again."""
        return self.tried - self.taken


@dataclass(frozen=True)
class Counts:
    """The ledger in figures. `written` = `handed_over` + `waiting` + `lost`; `sent_twice` must be 0."""

    written: int
    handed_over: int
    waiting: int
    lost: int
    tries: int
    statuses_waiting: int
    requests: int
    accepted: int
    sent_twice: int
