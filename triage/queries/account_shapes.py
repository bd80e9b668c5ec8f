"""What the pages of accounts are given: plain frozen shapes, no sealed value among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Standing:
    """How an account fares, for words: `why` of what is limited, `until` when it goes on, `since` when it stopped."""

    state: str  # ready | limited | paused | silent | broken | suspended
    why: str = ""  # asked | failing | no_slot | stop_level
    until: datetime | None = None
    since: datetime | None = None
    said: str = ""  # what the provider said of it


@dataclass(frozen=True)
class Use:
    """One limit of an account: `used` of `count` messages in `seconds`."""

    used: int
    count: int
    seconds: int


@dataclass(frozen=True)
class AccountLine:
    """One account on the accounts page. Never its secret. Money is in millionths of the desk's currency, of 24 hours.
    """

    id: int
    channel: str
    provider: str
    address: str
    label: str
    identity: str  # the line citizens read
    operator_id: int | None
    operator: str | None  # public name
    owner_name: str | None  # the same person, for those who may see the list of people
    owner_email: str | None
    can_receive: bool
    can_send: bool
    one_way: bool  # a sender name: people cannot answer
    standing: Standing
    limits: Sequence[Use]
    used_today: int
    used_hour: int
    waiting: int  # messages that wait to leave from it
    stopped: int  # people who said STOP to it
    spent: int
    budget: int | None
    ceiling: int | None
    last_error: str | None
    last_error_at: datetime | None

    @property
    def state(self) -> str:
        """The word of its standing."""
        return self.standing.state

    def use(self, seconds: int) -> Use | None:
        """The limit over so many seconds, where it has one."""
        return next((each for each in self.limits if each.seconds == seconds), None)

    @property
    def over_budget(self) -> bool:
        """Whether somebody should be told what it costs."""
        return self.budget is not None and self.spent >= self.budget


@dataclass(frozen=True)
class Trial:
    """A test message of an account: to whom (a hint), and what became of it."""

    at: datetime
    to: str
    state: str
    error: str | None
    next_at: datetime | None


@dataclass(frozen=True)
class Handed:
    """An open conversation that was answered from an account, and what becomes of it when the account changes hands."""

    report_id: int
    holder: str | None
    fate: str  # follows | own_account | shared | blocked | arrival | nobody
    address: str | None  # the account the next answer leaves by
