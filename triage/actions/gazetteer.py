"""The list of places: a whole table is taken in or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Executable, Table, TextClause, bindparam, delete, insert, select, text, update

from triage import clock, events
from triage.db import db, is_postgresql
from triage.errors import N_, TriageError
from triage.events import Kind
from triage.gazetteer import tree
from triage.gazetteer.sheet import Line, Sheet
from triage.gazetteer.tree import Known, Plan
from triage.models import Operator, Place, PlaceName
from triage.models.places import BETWEEN
from triage.queries import places, scope
from triage.rights import Right
from triage.statements import execute

PLACES, NAMES = cast(Table, Place.__table__), cast(Table, PlaceName.__table__)
NUMBERS = select(PLACES.c.code_key, PLACES.c.id)
CHANGED = ("code", "name", "aliases", "parent_id", "lat", "lon", "changed_at")
ADDED = (*CHANGED, "code_key", "created_at")
NAMED = ("key", "place_id", "kind")
TYPES = {"parent_id": "bigint", "place_id": "bigint", "number": "bigint", "lat": "float8", "lon": "float8",
         "changed_at": "timestamptz", "created_at": "timestamptz"}
MANY = 5_000  # rows of one statement


def _rows_of(names: Sequence[str]) -> str:
    """Many rows as one table (PostgreSQL): one by one they take several times as long."""
    given = ", ".join(f"CAST(:{name} AS {TYPES.get(name, 'varchar')}[])" for name in names)
    return f"unnest({given}) AS said ({', '.join(names)})"


def _insertion(table: str, names: Sequence[str]) -> TextClause:
    listed = ", ".join(names)
    return text(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {_rows_of(names)}")  # noqa: S608 - names of ours


ADD_MANY, NAME_MANY = _insertion("places", ADDED), _insertion("place_names", NAMED)
CHANGE_MANY = text(f"""UPDATE places SET {", ".join(f"{name} = said.{name}" for name in CHANGED)}
    FROM {_rows_of((*CHANGED, "number"))} WHERE places.id = said.number""")  # noqa: S608 - the same
CHANGE = update(PLACES).where(PLACES.c.id == bindparam("number")).values({name: bindparam(name) for name in CHANGED})
FORGET_MANY = text("DELETE FROM place_names WHERE place_id = ANY(CAST(:number AS bigint[]))")
FORGET = delete(NAMES).where(NAMES.c.place_id == bindparam("number"))


class WrongLines(TriageError):
    """Lines of the table are wrong. params: count."""

    code, status = "wrong_lines", 422
    sentence = N_("Nothing was imported: %(count)s lines are wrong. Mend them, or leave them out.")


def enter(sheet: Sheet, actor: Operator | None = None, *, leave_out_wrong: bool = False) -> Plan:
    """Take a table of places in: new ones are added, known ones changed, none is taken away; what was done.

    Doing it again changes nothing. `actor` None is the command line. WrongLines unless they are left out, Forbidden.
    """
    if actor is not None:
        scope.require(actor, Right.MANAGE_PLACES)
    if is_postgresql():  # SQLite has one writer
        db.session.execute(text("LOCK TABLE places IN SHARE ROW EXCLUSIVE MODE"))
    known = places.known()
    plan = tree.plan(sheet, known)
    if plan.wrong and not leave_out_wrong:
        raise WrongLines(count=len(plan.wrong))
    if plan.new or plan.changed:
        _write(plan, known)
        events.record(Kind.PLACES_IMPORTED, None, actor.id if actor else None, new=len(plan.new),
                      changed=len(plan.changed), unchanged=plan.unchanged, left_out=len(plan.wrong))
    return plan


def _write(plan: Plan, known: Mapping[str, Known]) -> None:
    """Level by level: a place comes after the one it lies in."""
    numbers = {key: one.id for key, one in known.items()}
    waiting: list[Line] = []
    for line in plan.new:
        if line.within and line.within not in numbers:
            numbers |= _add(waiting, numbers)
            waiting = []
        waiting.append(line)
    numbers |= _add(waiting, numbers)
    _change([(line, known[line.key]) for line in plan.changed], numbers)
    named = [(numbers[line.key], tree.names(line.code, line.name, line.aliases or ())) for line in plan.new]
    named += [(numbers[line.key], tree.names(line.code, line.name, _aliases(line, known[line.key])))
              for line in plan.changed]
    _name(named)


def _add(lines: Sequence[Line], numbers: Mapping[str, int]) -> dict[str, int]:
    now = clock.now()
    _run(insert(PLACES), ADD_MANY, [
        {**_values(line, None, numbers), "code_key": line.key, "created_at": now, "changed_at": now} for line in lines])
    return {row.code_key: row.id for row in execute(NUMBERS)} if lines else {}


def _change(pairs: Sequence[tuple[Line, Known]], numbers: Mapping[str, int]) -> None:
    now = clock.now()
    _run(CHANGE, CHANGE_MANY, [
        {**_values(line, old, numbers), "changed_at": now, "number": old.id} for line, old in pairs])
    _run(FORGET, FORGET_MANY, [{"number": old.id} for _line, old in pairs])


def _run(each: Executable, many: TextClause, rows: Sequence[Mapping[str, object]]) -> None:
    """The same for many rows: row by row on SQLite, where that is quick, else as columns."""
    for first in range(0, len(rows), MANY):
        some = rows[first:first + MANY]
        if is_postgresql():
            execute(many, {name: [row[name] for row in some] for name in some[0]})
        else:
            execute(each, some)


def _values(line: Line, old: Known | None, numbers: Mapping[str, int]) -> dict[str, object]:
    parent = line.within if line.within is not None or old is None else old.parent
    point = line.point if line.pointed or old is None else old.point
    return {"code": line.code, "name": line.name, "aliases": BETWEEN.join(_aliases(line, old)),
            "parent_id": numbers[parent] if parent else None,
            "lat": point[0] if point else None, "lon": point[1] if point else None}


def _aliases(line: Line, old: Known | None) -> Sequence[str]:
    if line.aliases is not None:
        return line.aliases
    return old.aliases if old is not None else ()


def _name(named: Sequence[tuple[int, Mapping[str, str]]]) -> None:
    rows = sorted((key, number, kind) for number, names in named for key, kind in names.items())  # as the index lies
    _run(insert(NAMES), NAME_MANY, [dict(zip(NAMED, row, strict=True)) for row in rows])
