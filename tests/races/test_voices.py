"""Thirty numbers with limits of their own, sent by several processes, while the network throttles and suspends.

Judged by the network's own ledger, and by our attempts: an attempt counts until a window after its end, so that
whatever time a message takes on its way, the network never gets too many either.
`VOICES` is how many answers there are; windows are a tenth as long as usual so that they roll over in a test.
How far forecasts were off is told and not judged here: they know limits and not how much a machine can do at once.
`tests/flows/test_forecast.py` judges them, by a clock that waits for the machine.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from unittest import mock

import pytest
from sqlalchemy import func, select, update

import config
from channels.simulator import Behaviour, Store
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage import clock
from triage.actions import assignments, deliveries, replies
from triage.db import db, run_in_transaction
from triage.models import Account, Delivery, DeliveryAttempt, Operator
from triage.models.deliveries import UNFINISHED
from triage.queries import forecast, outbox, slots
from triage.workers.deliver import deliver

VOICES = int(os.environ.get("VOICES", "300"))
LONGEST = 200 + VOICES / 5  # seconds
PEOPLE = 30
LIMITS = ([[1, 1]], [[30, 6], [100, 36]], [[5, 6]], [[3, 3], [40, 60]], [[2, 1], [20, 12]])
PROBED = timedelta(seconds=3)  # instead of five minutes
CALM = 0.3  # of the way: what the network does to us later cannot be foretold, and is not done
BLINK = 1.5  # seconds by which every forecast is off

pytestmark = [pytest.mark.races, pytest.mark.timeout(2 * LONGEST)]


def fill(scene: Scene) -> dict[str, int]:
    """Everybody holds one report and has answered it many times; how many answers wait by which address."""
    operators = stock.people(scene, PEOPLE)
    reports = stock.reports(PEOPLE)
    for place, (operator, report) in enumerate(zip(operators, reports, strict=True)):
        run_in_transaction(lambda who=operator, at=place: _limit(who, LIMITS[at % len(LIMITS)]))
        me = db.session.get_one(Operator, operator)
        fence = run_in_transaction(lambda one=report, me=me: assignments.claim(one, me).id)
        share = range(place, VOICES, PEOPLE)
        stock.in_batches(list(share), lambda n, one=report, me=me, fence=fence: replies.reply(
            one, me, fence, stock.MANY, f"answer {n} of {me.id}", f"voice-{n}"))
    rows = db.session.execute(select(Account.address, func.count()).join(Delivery, Delivery.account_id == Account.id)
                              .group_by(Account.address))
    return {row[0]: row[1] for row in rows}


def _limit(operator: int, limits: list[list[int]]) -> None:
    db.session.execute(update(Account).where(Account.operator_id == operator).values(limits=limits))


def left() -> int:
    """How many answers have not come to an end."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Delivery.state.in_(UNFINISHED))) or 0


def hurried() -> ExitStack:
    """A context in which an account in trouble is tried as much more often as the windows are shorter."""
    stack = ExitStack()
    stack.enter_context(mock.patch.object(slots, "PROBE_EVERY", PROBED))
    stack.enter_context(mock.patch.object(deliveries, "AFTER_OTHERS", timedelta(seconds=0.1)))
    return stack


def send(seat: Seat) -> int:
    """Send whatever is due until nothing waits; how many attempts were made."""
    chance, made = seat.chance(), 0
    with hurried():
        while left():
            due = outbox.due(40)
            for number in chance.sample(due, len(due)):
                made += deliver(number)
            if not due:
                time.sleep(0.05)
    return made


def disturb(seat: Seat, path: str, addresses: list[str]) -> set[str]:
    """Be a network that throttles and suspends, in the first part of the way; to whom it was done."""
    chance, store, done = seat.chance(), Store(path), set()
    while left() > VOICES * (1 - CALM):
        address = chance.choice(addresses)
        kind = chance.choice((Behaviour.THROTTLES, Behaviour.THROTTLES, Behaviour.ACCOUNT_PROBLEM))
        store.script(kind, account=address, count=1, seconds=chance.uniform(1, 3))
        done.add(address)
        time.sleep(chance.uniform(0.2, 0.6))
    return done


def foretell(seat: Seat) -> list[tuple[float, datetime, Mapping[str, datetime]]]:
    """At every tenth of the way: how far it is, when that was, and when each number is said to be drained."""
    told, tenth = [], 0
    with hurried():
        while waiting := left():
            if 1 - waiting / VOICES >= tenth / 10:
                accounts = db.session.scalars(select(Account).where(Account.operator_id.is_not(None))).all()
                ends = {one.address: forecast.drained_at(one) for one in accounts}
                told.append((tenth / 10, clock.now(), {name: at for name, at in ends.items() if at is not None}))
                tenth += 1
            time.sleep(0.05)
    return told


def too_close(moments: Iterable[datetime], limits: list[list[int]], allowed: float = 0.0) -> int:
    """How often one attempt more than a window allows began within it."""
    found = sorted(moments)
    return sum((later - earlier).total_seconds() < seconds - allowed
               for count, seconds in limits for earlier, later in zip(found, found[count:], strict=False))


@pytest.mark.parametrize("settings", [{"acknowledge": False, "attempt_seconds": 30}], indirect=True)
def test_thirty_numbers_keep_their_limits_and_each_sends_all_it_has_while_the_network_misbehaves(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    waiting = fill(scene)
    db.session.remove()
    began = clock.now()
    parts = [(foretell,), (disturb, settings.simulator_path, list(waiting)), *[(send,)] * (SIZE - 2)]
    told, disturbed, *made = crew.match(settings, parts, longest=LONGEST)
    store = Store(settings.simulator_path)
    mine = {one.address: one for one in db.session.scalars(select(Account).where(Account.operator_id.is_not(None)))}
    shift = judge_limits(store, mine)
    judge_owners(store, mine, waiting)
    wrong = worst_forecast(told, disturbed, _last_left(mine))
    checker.check(settings)
    seconds = (clock.now() - began).total_seconds()
    figures(f"{VOICES} answers by {PEOPLE} numbers in {seconds:.0f} s, {sum(made)} attempts, "
            f"{len(disturbed)} numbers throttled or suspended; never over a limit by the ledger of the network, "
            f"with {shift}; what was foretold of numbers in peace was at most {wrong:.0%} off")


def judge_limits(store: Store, mine: Mapping[str, Account]) -> str:
    """No window of any number held more than its limit: by our attempts, and by the network's ledger."""
    ours = _attempts()
    arrived: dict[str, list[datetime]] = defaultdict(list)
    delays = []
    seen: dict[str, int] = defaultdict(int)
    for request in store.requests():
        arrived[request.account].append(request.at)
        begun = ours[request.idempotency_key][seen[request.idempotency_key]]
        seen[request.idempotency_key] += 1
        delays.append((request.at - begun).total_seconds())
    moments = defaultdict(list)
    rows = db.session.execute(select(DeliveryAttempt.account_id, DeliveryAttempt.started_at)).all()
    for number, at in rows:
        moments[number].append(at)
    shift = max(delays) - min(delays)
    assert [name for name, one in mine.items() if too_close(moments[one.id], one.limits)] == []
    assert [name for name, one in mine.items() if too_close(arrived[name], one.limits)] == []
    return f"{shift:.3f} s between the fastest and the slowest on their way"


def _attempts() -> Mapping[str, list[datetime]]:
    """When the attempts of every answer began, by the name the network knows it by."""
    found: dict[str, list[datetime]] = defaultdict(list)
    rows = select(DeliveryAttempt.delivery_id, DeliveryAttempt.started_at).order_by(DeliveryAttempt.id)
    for number, at in db.session.execute(rows):
        found[f"delivery-{number}"].append(at)
    return found


def judge_owners(store: Store, mine: Mapping[str, Account], waiting: Mapping[str, int]) -> None:
    """Every answer left once, by the number of who wrote it, and in the order in which they wrote."""
    by: dict[str, list[str]] = defaultdict(list)
    for one in store.accepted():
        by[one.account].append(one.text)
    assert {name: len(texts) for name, texts in by.items()} == dict(waiting)
    assert store.accepted_twice() == {}
    for name, texts in by.items():
        assert {text.split(" of ")[1].split()[0] for text in texts} == {str(mine[name].operator_id)}
    assert {one.state for one in db.session.scalars(select(Delivery))} <= {"sent", "delivered"}


def _last_left(mine: Mapping[str, Account]) -> Mapping[str, datetime]:
    last = select(func.max(DeliveryAttempt.started_at))
    return {name: db.session.scalar(last.where(DeliveryAttempt.account_id == one.id)) for name, one in mine.items()}


def worst_forecast(
    told: list[tuple[float, datetime, Mapping[str, datetime]]], disturbed: Collection[str],
    last: Mapping[str, datetime],
) -> float:
    """The share by which a forecast was wrong at worst, of numbers that nothing happened to."""
    worst = 0.0
    for _, at, ends in told:
        for name, end in ends.items():
            if name in disturbed:
                continue
            really, said = (last[name] - at).total_seconds(), (end - at).total_seconds()
            worst = max(worst, max(abs(said - really) - BLINK, 0.0) / max(really, BLINK))
    return worst
