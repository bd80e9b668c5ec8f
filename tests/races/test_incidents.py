"""Duels over incidents: two who link, and two who take out, at one moment."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

import config
from tests.processes import Crew, Figures
from tests.races import stock
from tests.races.dueling import DUELS, operator, play
from tests.scene import Scene
from triage.actions import incidents
from triage.db import db
from triage.models import Incident, Report

pytestmark = [pytest.mark.races, pytest.mark.timeout(300)]

QUIET = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


def link_first(first: int, second: int, _third: int, chief: int) -> None:
    """The first and the second tell of the same."""
    incidents.link(first, second, operator(chief))


def link_last(_first: int, second: int, third: int, chief: int) -> None:
    """The third and the second do."""
    incidents.link(third, second, operator(chief))


def leave_first(first: int, _second: int, _third: int, chief: int) -> None:
    """The first does not."""
    incidents.leave(first, operator(chief))


def leave_last(_first: int, _second: int, third: int, chief: int) -> None:
    """The third does not."""
    incidents.leave(third, operator(chief))


def threes(scene: Scene) -> list[tuple[int, int, int, int]]:
    """As many threes of reports as there are duels."""
    chief = scene.operator("Chief", "coordinator").id
    found = stock.reports(3 * DUELS)
    return [(*three, chief) for three in zip(found[::3], found[1::3], found[2::3], strict=True)]


def sizes() -> list[tuple[str, int]]:
    """The state of each incident, and how many reports belong to it."""
    query = select(Incident.state, func.count()).join(Report, Report.incident_id == Incident.id)
    return [tuple(row) for row in db.session.execute(query.group_by(Incident.id, Incident.state))]


@QUIET
def test_two_who_link_to_one_report_make_one_incident(scene: Scene, settings: config.Settings, crew: Crew,
                                                      figures: Figures) -> None:
    said = play(crew, settings, (link_first, link_last), threes(scene))
    assert set(said) == {("done", "done")}
    assert sizes() == [("open", 3)] * DUELS
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


@QUIET
def test_of_three_two_leave_at_once_and_it_is_closed(scene: Scene, settings: config.Settings, crew: Crew,
                                                     figures: Figures) -> None:
    all_of_them = threes(scene)
    stock.in_batches(all_of_them, lambda three: (link_first(*three), link_last(*three)))
    said = play(crew, settings, (leave_first, leave_last), all_of_them)
    assert set(said) == {("done", "done")}
    assert sizes() == [("closed", 1)] * DUELS
    figures(f"{dict(said)}{stock.deadlocks(settings)}")
