"""What is taken in from a file: `flask triage import places CSV`."""

from __future__ import annotations

from typing import BinaryIO

import click
from flask.cli import AppGroup

from triage.actions import gazetteer
from triage.cli import console
from triage.db import run_in_transaction
from triage.gazetteer import sheet, tree
from triage.gazetteer.tree import Plan
from triage.queries import places as known

MOST_TOLD = 50


@click.group("import", cls=AppGroup)
def import_() -> None:
    """Take in what others have in files."""


@import_.command("places")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--leave-out-wrong", is_flag=True, help="Import the good lines even if others are wrong.")
@console.telling
def import_places(file: BinaryIO, *, dry_run: bool, leave_out_wrong: bool) -> None:
    """Import polling stations and other places from a CSV file: all of it, or nothing where a line is wrong.

    Columns: code, name and, if wanted, aliases (apart by |), parent (a code), lat, lon. Known codes are changed, none
    is taken away; importing the same file again changes nothing. docs/places.md says more.
    """
    read = sheet.read(file.read())
    plan = tree.plan(read, known.known())
    _tell(plan)
    if dry_run:
        return
    if not plan.wrong or leave_out_wrong:
        plan = run_in_transaction(lambda: gazetteer.enter(read, leave_out_wrong=leave_out_wrong))
        click.echo(f"Imported: {len(plan.new)} new, {len(plan.changed)} changed.")
        return
    raise gazetteer.WrongLines(count=len(plan.wrong))


def _tell(plan: Plan) -> None:
    for one in plan.wrong[:MOST_TOLD]:
        about = f" ({one.about})" if one.about else ""
        click.echo(f"line {one.number}{about}: {one.sentence % one.params}", err=True)
    if len(plan.wrong) > MOST_TOLD:
        click.echo(f"... and {len(plan.wrong) - MOST_TOLD} more.", err=True)
    if plan.ignored:
        click.echo(f"Columns that mean nothing here: {', '.join(plan.ignored)}.", err=True)
    would = f"{len(plan.new)} new, {len(plan.changed)} changed, {plan.unchanged} unchanged, {len(plan.wrong)} wrong."
    click.echo(would, err=True)
