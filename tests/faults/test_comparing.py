"""The server dies between filing a report and comparing it, or inside of that: whoever comes next compares it once."""

from __future__ import annotations

import pytest

import config
from tests import checker
from tests.faults.stage import Stage
from tests.patience import until
from tests.scene import Scene
from triage.db import db

pytestmark = [pytest.mark.faults, pytest.mark.either, pytest.mark.timeout(300)]

CALM = {"demo": False, "acknowledge": False}
TEXT = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
# What stands there of the second of two reports at the death: that it is there, and whether it was compared.
POINTS = {
    "in.committed": (True, None),  # maybe it was compared a moment before
    "like.turn": (True, False), "like.found": (True, False), "like.kept": (True, True),
}
SECOND = "SELECT compare_by IS NULL FROM reports WHERE id > {first}"


@pytest.mark.parametrize("settings", [pytest.param(CALM, id="desk")], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_what_came_before_a_death_is_compared_once_after_it(
    scene: Scene, settings: config.Settings, stage: Stage, point: str
) -> None:
    first = scene.sms(TEXT, "+447700900111").id
    db.session.remove()
    stage.arm(point)
    stage.writes(TEXT)
    stage.carry()
    assert stage.dies()
    found = stage.ask(SECOND.format(first=first))
    there, compared = POINTS[point]
    assert bool(found) is there
    assert compared in (None, bool(found[0][0]))
    stage.fell()
    stage.open()
    assert stage.carry_all()
    assert until(lambda: stage.ask("SELECT count(*) FROM reports WHERE compare_by IS NOT NULL") == [(0,)])
    assert stage.ask("SELECT status, duplicate_of FROM reports ORDER BY id") == [("open", None), ("duplicate", first)]
    assert stage.ask("SELECT state, operator_id FROM matches") == [("linked", None)]
    assert stage.one("SELECT count(*) FROM text_keys") == 2
    assert stage.one("SELECT count(*) FROM events WHERE kind = 'report.linked'") == 1
    checker.check(settings)
