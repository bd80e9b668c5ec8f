"""Five SIMs for thirty people by shift: the rule `pool`, shared numbers, and each answer signed by who wrote it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scene import Scene
from triage import clock
from triage.actions import accounts, assignments, replies
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.models import Account, Delivery, Message, Operator, Report

SIMS, PEOPLE, SHIFT = 5, 30, 10
LIMITS = [[30, 60], [100, 3600]]

pytestmark = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


class Pool:
    """The desk of the section "Five SIMs for thirty people" in docs/operations.md."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.do(lambda: setattr(db.session.merge(scene.intake), "can_send", False))
        self.sims = [scene.account("sms", f"+2547000003{place:02d}", can_send=True, limits=LIMITS)
                     for place in range(SIMS)]
        self.zawadi = scene.operator("Zawadi", "coordinator", "admin")
        self.people = [scene.operator(f"Person{place:02d}", number=f"+2547000004{place:02d}")
                       for place in range(PEOPLE)]
        scene.do(lambda: accounts.set_rule("sms", "pool", self.zawadi))

    def shift(self, number: int) -> list[Operator]:
        """Who works then."""
        return self.people[number * SHIFT:(number + 1) * SHIFT]

    def report(self, place: int) -> Report:
        """Somebody new writes."""
        return self.scene.sms("The station is closed.", f"+2547110{place:05d}")

    def answer(self, report: Report, by: Operator, text: str = "Which station?") -> str:
        """An answer by whoever holds it; the number it leaves by."""
        held = self.scene.claim(report, by)
        delivery = self.scene.do(lambda: replies.reply(
            report.id, by, held.id, self.scene.head(), text, f"key-{report.id}-{by.id}"))
        return self.number(delivery)

    def number(self, delivery: Delivery) -> str:
        """The number an answer leaves by."""
        return db.session.get_one(Account, delivery.account_id).address

    def hand_on(self, report: Report, by: Operator) -> None:
        """The shift ends."""
        self.scene.do(lambda: assignments.release(report.id, by))

    def addresses(self) -> set[str]:
        """The five numbers."""
        return {sim.address for sim in self.sims}


@pytest.fixture
def pool(scene: Scene) -> Pool:
    return Pool(scene)


def test_a_conversation_stays_with_its_sim_over_three_shifts_and_each_answer_says_who_wrote_it(pool: Pool) -> None:
    reports = [pool.report(place) for place in range(SHIFT)]
    first: dict[int, str] = {}
    for number in range(3):
        for report, person in zip(reports, pool.shift(number), strict=True):
            used = pool.answer(report, person)
            assert used == first.setdefault(report.id, used)
            assert used in pool.addresses()
            body = db.session.query(Message).filter_by(operator_id=person.id).one().body
            assert body.endswith(person.public_name)
        pool.scene.carry()
        for report, person in zip(reports, pool.shift(number), strict=True):
            pool.hand_on(report, person)
    assert Counter(first.values()) == dict.fromkeys(pool.addresses(), SHIFT // SIMS)
    assert {sender for sender, _, _ in pool.scene.sent} == pool.addresses()


def test_a_new_conversation_takes_the_sim_with_most_room_now_not_the_one_that_has_ever_sent_least(pool: Pool) -> None:
    people = iter(pool.people)
    old = pool.answer(pool.report(0), next(people))
    pool.scene.carry()
    with pool.scene.later(hours=2):
        assert pool.answer(pool.report(1), next(people)) == old  # what is over counts no more
        others = [pool.answer(pool.report(place), next(people)) for place in range(2, 6)]
        assert sorted([old, *others]) == sorted(pool.addresses())  # what waits counts already


def test_a_tighter_sim_gets_less(pool: Pool) -> None:
    tight = pool.sims[0]
    pool.scene.do(lambda: setattr(db.session.merge(tight), "limits", [[5, 60]]))
    used = Counter(pool.answer(pool.report(place), person) for place, person in enumerate(pool.people[:26]))
    assert used[tight.address] < min(used[sim.address] for sim in pool.sims[1:])


@pytest.mark.parametrize("state", ["paused", "suspended", "asked"])
def test_a_sim_that_stands_still_gets_no_new_conversation_and_keeps_its_own(pool: Pool, state: str) -> None:
    report, amina, ben = pool.report(0), pool.people[0], pool.people[1]
    mine = pool.answer(report, amina)
    pool.scene.carry()
    pool.hand_on(report, amina)
    changes = {"paused": {"paused_at": clock.now()}, "asked": {"paused_until": clock.now().replace(year=2030)},
               "suspended": {"trouble": "suspended", "needs_attention": "off", "troubled_at": clock.now()}}
    pool.scene.do(lambda: db.session.query(Account).filter_by(address=mine).update(changes[state]))
    new = {pool.answer(pool.report(place), person) for place, person in enumerate(pool.people[2:12], start=1)}
    assert new == pool.addresses() - {mine}
    assert pool.answer(report, ben) == mine
    pool.scene.sent.clear()
    pool.scene.carry()
    assert {sender for sender, _, _ in pool.scene.sent} == new


def test_thirty_people_share_the_slots_of_one_sim_fairly(pool: Pool) -> None:
    for sim in pool.sims[1:]:
        pool.scene.do(lambda sim=sim: setattr(db.session.merge(sim), "can_send", False))
    pool.scene.do(lambda: setattr(db.session.merge(pool.sims[0]), "limits", [[10, 60]]))
    busy = pool.people[0]
    for place in range(8):
        pool.answer(pool.report(place), busy)
    for place, person in enumerate(pool.people[1:12], start=8):
        pool.answer(pool.report(place), person)
    assert pool.scene.carry(Settlement("accepted")) == 10
    assert Counter(text.rsplit(" ", 1)[1] for _, _, text in pool.scene.sent).most_common(1)[0][1] == 1
