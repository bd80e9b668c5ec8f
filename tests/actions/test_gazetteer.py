"""Importing places: whole or not at all, and the second time nothing changes."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests.scene import Scene
from triage.actions import gazetteer
from triage.actions.gazetteer import WrongLines
from triage.db import db
from triage.errors import Forbidden
from triage.events import Kind
from triage.gazetteer import sheet
from triage.gazetteer.tree import Plan
from triage.models import Event, Operator, Place, PlaceName
from triage.queries import places

TABLE = ("code,name,aliases,parent,lat,lon\n"
         "KSM-012,Hill School,Hilltop|Shule ya Hill,KSM,-0.09,34.76\n"
         "KSM,Kisumu,,,,\n")


def enter(scene: Scene, table: str, actor: Operator | None = None, *, leave_out_wrong: bool = False) -> Plan:
    """Import a table."""
    read = sheet.read(table.encode())
    return scene.do(lambda: gazetteer.enter(read, actor, leave_out_wrong=leave_out_wrong))


def count(model: type) -> int:
    """How many rows there are."""
    db.session.rollback()
    return db.session.scalars(select(func.count()).select_from(model)).one()


def test_a_table_is_imported_with_its_tree_and_the_second_time_nothing_changes(scene: Scene) -> None:
    done = enter(scene, TABLE)
    assert (len(done.new), len(done.changed), done.unchanged) == (2, 0, 0)
    hill = places.by_code("ksm 012")
    assert hill is not None
    assert (hill.name, hill.within, hill.other_names) == ("Hill School", ("Kisumu",), ("Hilltop", "Shule ya Hill"))
    assert hill.point == (-0.09, 34.76)
    before = scene.head(), count(PlaceName)
    again = enter(scene, TABLE)
    assert (len(again.new), len(again.changed), again.unchanged) == (0, 0, 2)
    assert (scene.head(), count(PlaceName)) == before


def test_what_changed_is_found_by_its_new_names_and_not_by_the_old_ones(scene: Scene) -> None:
    enter(scene, TABLE)
    done = enter(scene, "code,name,aliases,parent\nKSM-012,Lake School,,\nNKR,Nakuru,,\n")
    assert (len(done.new), len(done.changed)) == (1, 1)
    assert [one.code for one in places.choices("lake school")] == ["KSM-012"]
    assert places.choices("Hilltop") == []
    hill = places.by_code("KSM-012")
    assert hill is not None
    assert (hill.within, hill.point) == ((), (-0.09, 34.76))  # the table says nothing of points


def test_wrong_lines_stop_everything_unless_they_are_left_out(scene: Scene) -> None:
    table = TABLE + ",nameless,,,,\n"
    with pytest.raises(WrongLines, match="1 lines are wrong"):
        enter(scene, table)
    assert count(Place) == 0
    assert len(enter(scene, table, leave_out_wrong=True).new) == 2


def test_an_import_is_an_event_of_counts(scene: Scene) -> None:
    boss = scene.operator("Zawadi", "coordinator")
    enter(scene, TABLE, boss)
    event = db.session.scalars(select(Event).where(Event.kind == Kind.PLACES_IMPORTED)).one()
    assert (event.operator_id, event.data) == (boss.id, {"new": 2, "changed": 0, "unchanged": 0, "left_out": 0})


def test_operators_import_nothing(scene: Scene) -> None:
    with pytest.raises(Forbidden):
        enter(scene, TABLE, scene.operator("Maya"))


def test_somebody_may_mean_the_place_so_called_or_those_that_begin_so(scene: Scene) -> None:
    enter(scene, TABLE + "".join(f"NKR-{number},Hill View {number},,,,\n" for number in range(20))
          + "A,Chapel,,KSM,,\nB,Chapel,,,,\n")
    assert [one.name for one in places.choices("KSM 012")] == ["Hill School"]
    assert {one.code for one in places.choices("chapel")} == {"A", "B"}
    assert [one.code for one in places.choices("chapel, kisumu")] == ["A"]
    assert len(places.choices("hill v")) == places.MOST_CHOICES
    assert places.choices("nowhere") == places.choices("") == places.choices("/") == []


@pytest.mark.parametrize("many", [250])
def test_a_name_of_very_many_places_names_none(scene: Scene, many: int) -> None:
    enter(scene, "code,name\n" + "".join(f"X-{number},Open Space\n" for number in range(many)))
    assert not places.look("They voted at Open Space today").spots
    assert places.look("They voted at X-17 today").clear == places.by_code("X-17").id  # type: ignore[union-attr]  # it was imported above
