"""The practice desk, and streams of reports to practise with."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from channels.simulator import Store
from triage import clock, context, passwords
from triage.cli import console
from triage.db import db
from triage.demo import desk, plan, rows
from triage.demo.plan import Expected
from triage.demo.player import Player
from triage.models import Account
from triage.queries import ledger
from triage.queries import people as known
from triage.queries.shapes import Ledger

MADE_UP = 60
PATIENCE_SECONDS = 120.0
STATUSES = "SELECT count(*) FROM hooks WHERE kind = 'status' AND taken > 0"
OF_THEIR_OWN = "This desk has people of its own; the practice desk is made in an empty database only."


@click.command("demo-desk")
@console.telling
def demo_desk() -> None:
    """Make the practice desk, once, and print where it is and how to sign in. Needs DEMO=1."""
    _require_demo()
    if desk.fresh():
        desk.make()
    elif known.by_email(desk.PEOPLE[0].email) is None:
        raise click.ClickException(OF_THEIR_OWN)
    address = context.settings().staff_url
    click.echo(f"\n  The practice desk: {address}/desk\n")
    for person in desk.PEOPLE:
        click.echo(f"    {person.email:<22} {_password(person):<34} {', '.join(person.roles)}")
    click.echo(f"\n  Play the citizens: {address}/simulator   Their form: {address}/report")
    click.echo("  A stream of reports: .venv/bin/flask triage demo   A real desk: .venv/bin/flask triage init\n")


def _password(person: desk.Person) -> str:
    one, password = known.by_email(person.email), desk.password(person.email)
    fits = one is not None and passwords.verify(password, one.password_hash, context.settings().password_cost)
    return password if fits else "(changed; see reset-password)"


@click.command("demo")
@click.option("--rate", type=click.FloatRange(0), default=1.0, show_default=True, help="A second; 0: no pauses.")
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Rows of a CSV file (.gz too) instead of made-up reports.")
@click.option("--text-column", default="text", show_default=True, help="What they say.")
@click.option("--time-column", default="", help="In which order: one column, or several such as date,time.")
@click.option("--place-column", help="Where, if a column says so.")
@click.option("--limit", type=click.IntRange(1), help=f"At most so many. Default: the whole file, or {MADE_UP}.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same senders.")
@click.option("--check", is_flag=True, help="Wait until everything has arrived, and compare with the desk's ledger.")
@console.telling
def demo(*, rate: float, seed: int, limit: int | None, check: bool, **file: Any) -> None:
    """Play a stream of reports into the simulator and the citizens' form of a running practice desk.

    Senders are made up from the seed; every eighth report is a follow-up of an earlier sender, every
    fifth comes by the web form. Says beforehand what must arrive. Needs DEMO=1.
    """
    _require_demo()
    numbers, handles = _shared("sms"), _shared("mastodon")
    if not numbers:
        raise click.ClickException("No shared number here receives messages (`flask triage add-account sms …`).")
    said = _rows(limit, seed, **file)
    stream = plan.plan(said, seed, public=bool(handles), run=f"{clock.now():%Y%m%d%H%M%S}")
    before, statuses = _standing()
    _announce(stream.expected())
    with click.progressbar(length=len(said), label="Said") as bar:
        player = Player(context.settings().simulator_path, context.settings().public_url, numbers, handles,
                        lambda: bar.update(1))
        played = player.play(stream, rate)
    for position, why in played.lost:
        click.echo(f"row {position + 1} could not be said: {why}", err=True)
    if check:
        _compare(stream.expected(), before, statuses)
    if played.lost:
        raise SystemExit(1)


def _require_demo() -> None:
    if not context.settings().demo:
        raise click.ClickException("This is a real desk: what is made up stays out of it (DEMO=1 is for practice).")


def _rows(limit: int | None, seed: int, path: Path | None, text_column: str, time_column: str,
          place_column: str | None) -> list[rows.Row]:
    if path is None:
        return rows.made_up(limit or MADE_UP, seed)
    times = [name.strip() for name in time_column.split(",") if name.strip()]
    try:
        return rows.of_file(path, text_column, times, place_column)[:limit]
    except rows.Unplayable as problem:
        raise click.ClickException(str(problem)) from problem


def _shared(channel: str) -> list[str]:
    query = select(Account.address).where(Account.channel == channel, Account.provider == "simulator",
                                          Account.operator_id.is_(None), Account.can_receive)
    return list(db.session.scalars(query.order_by(Account.id)))


def _announce(expected: Expected) -> None:
    click.echo(f"To come: {expected.messages} messages and posts, {expected.forms} forms, {expected.additions} more at "
               f"/back. {expected.opened} open a report, {expected.joined} join one, {expected.commands} are commands.")


# ---------------------------------------------------------------- the ledger afterwards


def _standing() -> tuple[Ledger, int]:
    """The desk's ledger, and how many reports about deliveries the network has handed over."""
    db.session.remove()  # read afresh
    return ledger.ledger(), Store(context.settings().simulator_path).number(STATUSES)


def _compare(expected: Expected, before: Ledger, statuses: int) -> None:
    """Print each count beside what it must be. ClickException where one differs."""
    arrived = _wait_for(lambda: _arrived(before.received + expected.received - statuses))
    after, now = _standing()
    wrong = 0
    for name, found, wanted in (
        ("received", after.received - before.received - (now - statuses), expected.received),
        ("opened", after.opened - before.opened, expected.opened),
        ("joined", after.joined - before.joined, expected.joined),
        ("commands", after.control - before.control - (now - statuses), expected.commands),
        ("quarantined", after.quarantined - before.quarantined, 0),
        ("difference", after.difference, 0),
    ):
        wrong += found != wanted
        click.echo(f"{'ok   ' if found == wanted else 'WRONG'} {name}: {found}, expected {wanted}")
    if wrong or not arrived:
        raise click.ClickException("The ledger is not as expected." if arrived else "Not all of it arrived.")


def _arrived(received: int) -> bool:
    now, statuses = _standing()
    return now.received - statuses >= received and now.pending == 0


def _wait_for(done: Callable[[], bool]) -> bool:
    """Whether it came true within PATIENCE_SECONDS."""
    for _ in range(int(PATIENCE_SECONDS * 2)):
        if done():
            return True
        time.sleep(0.5)
    return False
