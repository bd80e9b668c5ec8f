"""Eight telephones with the same key fetch at once, and all say what each has: every message is one telephone's."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

import config
from tests.processes import Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage.actions import collecting
from triage.actions.collecting import Asker, Handed, Shown
from triage.db import db, run_in_transaction
from triage.models import Account, Delivery, DeliveryAttempt

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

DUE = 24


def fetch_all(seat: Seat, account_id: int) -> list[str]:
    """Fetch until there is nothing; the names of what was handed over."""
    names: list[str] = []
    empty = 0
    while empty < 2:
        found: list[list[Handed]] = run_in_transaction(lambda: collecting.hand_over([Asker(account_id, 4)]))
        names += [each.name for each in found[0]]
        empty = 0 if found[0] else empty + 1
        seat.stumble(seat.chance(), 0.05)
    return names


def confirm_all(seat: Seat, account_id: int, names: list[str]) -> int:
    """Say of everything, in an order of one's own, that it is here; of how much it was confirmed."""
    shown = [Shown(account_id, name) for name in seat.chance().sample(names, len(names))]
    return sum(run_in_transaction(lambda one=one: collecting.confirm([one]))[0] for one in shown)


@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
def test_each_message_is_handed_to_one_and_settled_once(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    (operator,) = stock.people(scene, 1)
    stock.due(DUE, operator)
    account = db.session.scalars(select(Account).where(Account.operator_id == operator)).one()
    number = account.id
    collect = update(Account).where(Account.id == number).values(options={"mode": "collect"}, limits=[[1000, 1]])
    run_in_transaction(lambda: db.session.execute(collect))
    handed = [name for names in crew.race(settings, fetch_all, number) for name in names]
    assert len(handed) == len(set(handed)) == DUE
    told = crew.race(settings, confirm_all, number, handed)
    assert told == [DUE] * len(told), "the same name hears the same, whoever asks"
    assert set(db.session.scalars(select(Delivery.state))) == {"sent"}
    assert len(db.session.scalars(select(DeliveryAttempt)).all()) == DUE
    figures(f"gateway: {DUE} messages fetched by {len(told)} processes, each handed over once")
