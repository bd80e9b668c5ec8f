"""Whatever was linked to whatever: what is taken out again, everything stands as it stood."""

from __future__ import annotations

import itertools
from contextlib import suppress

from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as shape
from hypothesis import strategies as st

from tests.scene import Scene
from triage.actions import copies, incidents
from triage.db import db
from triage.errors import TriageError
from triage.models import Incident, Operator, Report

PLACES = 6
PLACE = st.integers(0, PLACES - 1)
STEPS = st.lists(st.tuples(st.sampled_from(["link", "link", "link", "leave", "copy", "out"]), PLACE, PLACE), max_size=7)
FEW = shape(max_examples=14, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[HealthCheck.function_scoped_fixture])


people = itertools.count(100_000)


class Told:
    """Six reports of six people."""

    def __init__(self, scene: Scene, cora: Operator) -> None:
        self.scene, self.cora = scene, cora
        self.numbers = [scene.sms(f"Telling {place}", f"+254711{next(people):06d}").id
                        for place in range(PLACES)]

    def step(self, what: str, one: int, other: int) -> None:
        """Something a coordinator does; what cannot be done is left."""
        a, b, who = self.numbers[one], self.numbers[other], self.cora
        acts = {"link": lambda: incidents.link(a, b, who), "leave": lambda: incidents.leave(a, who),
                "copy": lambda: copies.link(a, b, who), "out": lambda: copies.unlink(a, who)}
        with suppress(TriageError):
            self.scene.do(acts[what])

    def standing(self) -> tuple[object, ...]:
        """Which belong together, by incident; who is whose copy."""
        db.session.rollback()
        ours = db.session.query(Report).filter(Report.id.in_(self.numbers)).order_by(Report.id).all()
        open_ones = {one.id for one in db.session.query(Incident).filter_by(state="open")}
        belong = [one.incident_id if one.duplicate_of is None and one.incident_id in open_ones else None
                  for one in ours]
        counted = {number: belong.count(number) for number in belong if number is not None}
        assert all(count > 1 for count in counted.values()), "an open incident with one report"
        assert {one for one in open_ones if one in {each.incident_id for each in ours}} == set(counted)
        return tuple(belong), tuple(one.duplicate_of for one in ours)


TWO = [("link", 2, 3), ("link", 0, 1), ("link", 1, 4)]  # two incidents


@FEW
@given(before=STEPS, one=PLACE, other=PLACE)
@example(before=TWO, one=0, other=3)
@example(before=[*TWO, ("copy", 4, 5)], one=2, other=1)
def test_a_link_taken_back_leaves_what_was(scene: Scene, before: list[tuple[str, int, int]], one: int,
                                           other: int) -> None:
    told = Told(scene, _cora(scene))
    for step in before:
        told.step(*step)
    was, whose = told.standing(), {number: told.scene.report(number).incident_id for number in told.numbers}
    told.step("link", one, other)
    lead = [place for place in (one, other) for stands in [_stands(told, place)]
            if told.scene.report(stands).incident_id != whose.get(stands)]
    if told.standing() != was:
        assert lead, "something moved that was not named"
        told.step("leave", told.numbers.index(_stands(told, lead[0])), 0)
    assert told.standing() == was


@FEW
@given(before=STEPS, one=PLACE, other=PLACE)
@example(before=TWO, one=4, other=2)
@example(before=TWO, one=4, other=5)
def test_a_copy_taken_out_leaves_the_incidents_as_they_were(scene: Scene, before: list[tuple[str, int, int]], one: int,
                                                            other: int) -> None:
    told = Told(scene, _cora(scene))
    for step in before:
        told.step(*step)
    was = told.standing()
    told.step("copy", one, other)
    if told.standing() != was:
        told.step("out", one, 0)
    assert told.standing() == was


def _stands(told: Told, place: int) -> int:
    report = told.scene.report(told.numbers[place])
    return report.duplicate_of or report.id


def _cora(scene: Scene) -> Operator:
    found = db.session.query(Operator).filter_by(name="Cora").one_or_none()
    return found or scene.operator("Cora", "coordinator", capacity=500)
