"""The desk under the machine of sending_model: its people and numbers, and what the machine remembers of them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select, update

from tests.scene import Scene
from triage import clock, context
from triage.actions import accounts
from triage.actions.deliveries import SendOrder
from triage.db import db, run_in_transaction
from triage.errors import TriageError
from triage.models import Account, Contact, Operator

COUNT, SECONDS = 3, 20  # every account here sends so many messages in so many seconds
OPENING = datetime(2026, 11, 21, 8, tzinfo=UTC)
REFUSED = object()
runs = itertools.count(1)


@dataclass
class Begun:
    """An attempt in the hands of a process that may be killed, stand still, or be slow."""

    order: SendOrder
    address: str
    to: str
    at: datetime
    name: str = ""  # the network's, once it took it


class Desk(RuleBasedStateMachine):
    """What the machine keeps of the desk it plays on, in books of its own."""

    scene: Scene  # set by the test
    tally: Counter[str]  # what happened at all, over all runs: set by the test

    def __init__(self) -> None:
        super().__init__()
        self.base, self.names = next(runs) * 100, itertools.count(1)
        self.now = OPENING + timedelta(days=self.base)
        self.clock = mock.patch.object(clock, "now", self._time)
        self.clock.start()
        self.allowed: dict[int, set[str]] = {}  # answer -> the numbers the rule gave its holder when it was accepted
        self.repeats: dict[int, int] = {}  # answer -> how often a person wanted it sent once more
        self.left: dict[int, list[Begun]] = {}  # delivery -> what the network took of it
        self.begun: list[Begun] = []
        self.reports: list[int] = []
        self.rule = "holder"

    def _time(self) -> datetime:
        return self.now

    def teardown(self) -> None:
        """Time goes on, and the numbers of this run are nobody's to send from."""
        self._do(lambda: accounts.set_rule("sms", "holder"))
        mine = Account.address.like(f"{self._spelt(0)[:-2]}%")
        self._do(lambda: db.session.execute(update(Account).where(mine).values(can_send=False)))
        self.clock.stop()
        db.session.remove()

    def _person(self, name: str, *roles: str) -> int:
        made = self.scene.operator(f"{name}{self.base}", *roles, number=self._spelt(10 + next(self.names)), capacity=50)
        self._do(lambda: db.session.delete(self.scene.accounts_of(made)[0]))
        return made.id

    def _name(self, kind: str) -> str:
        return f"{kind}{self.base}-{next(self.names)}"

    def _spelt(self, number: int) -> str:
        return f"+25479{self.base + number:07}"

    def _number(self, number: int, operator_id: int | None = None) -> str:
        operator = db.session.get(Operator, operator_id) if operator_id else None
        self.scene.account("sms", self._spelt(number), can_send=True, operator=operator, limits=[[COUNT, SECONDS]])
        return self._spelt(number)

    def _do(self, fn: Callable[[], Any]) -> Any:
        """One transaction, a millisecond later; REFUSED where the desk refuses with a sentence."""
        self.now += timedelta(milliseconds=1)
        try:
            return run_in_transaction(fn)
        except TriageError:
            return REFUSED

    def _actor(self, operator_id: int) -> Operator:
        return db.session.get_one(Operator, operator_id, populate_existing=True)

    def _account(self, address: str) -> Account:
        return db.session.scalars(select(Account).where(Account.address == address)).one()

    def _stopped(self, address: str) -> bool:
        key = context.keyring().blind("contact phone", address)
        known = select(Contact.opted_out_at).where(Contact.address_key == key)
        return db.session.scalar(known) is not None
