"""People of the desk, from the command line: add one, add many, a new password."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import click

from triage.actions import people
from triage.cli import console, links
from triage.cli.links import Invited
from triage.db import db, run_in_transaction
from triage.errors import BadInput, TriageError
from triage.models import Operator
from triage.models.operators import ROLES
from triage.queries import people as known

NEEDED = ("email", "name", "roles")
COLUMNS = (*NEEDED, "public_name", "languages", "capacity", "needs_approval")


@click.command("add-operator")
@click.argument("email")
@click.option("--name", required=True, help="Their name, which only staff see.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Repeat for several.")
@click.option("--public-name", help="What citizens see. Default: a given name nobody here has.")
@click.option("--languages", default="", help="Languages they can answer in, such as en,sw.")
@click.option("--capacity", type=int, help="How many reports at once. Default: CAPACITY.")
@click.option("--needs-approval", is_flag=True, help="A newcomer, whose answers wait for a second pair of eyes.")
@click.option("--password-stdin", is_flag=True, help="Take the password from standard input; no link is made.")
@console.telling
def add_operator(email: str, name: str, roles: tuple[str, ...], *, password_stdin: bool, **more: Any) -> None:
    """Add a person and print a link by which they choose their password (works once, 7 days)."""
    one = Newcomer(email, name, roles, more["public_name"], _words(more["languages"]), more["capacity"],
                   needs_approval=more["needs_approval"])
    password_hash = console.hash_of(console.first_line(), email, name) if password_stdin else None
    link = run_in_transaction(lambda: one.enter(password_hash))
    click.echo(f"Invitation for {name}, works once, for 7 days:\n{link}" if link else f"{name} can sign in now.")


@click.command("add-operators")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@click.option("--sheet", type=click.Path(path_type=Path), help="Write an HTML page with QR codes to print, instead.")
@console.telling
def add_operators(file: TextIO, sheet: Path | None) -> None:
    """Add everybody in a CSV file and print a sheet of invitation links with QR codes.

    Columns: email, name, roles (several apart by spaces); if wanted public_name, languages, capacity,
    needs_approval (yes). A row that is refused is named with the reason, the others go on.
    """
    if sheet is not None and sheet.exists():
        raise click.ClickException(f"{sheet} is there already; links are never written over.")
    invited, refused = _enter_all(file)
    if sheet is not None:
        console.keep_private(sheet, links.sheet(invited))
        click.echo(f"{sheet} holds {len(invited)} links. Print it, hand out each piece alone, delete it.")
    else:
        _show(invited)
    click.echo(f"{len(invited)} added, {refused} refused.", err=True)
    if refused:
        raise SystemExit(1)


@click.command("reset-password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Set it to the first line of standard input at once.")
@console.telling
def reset_password(email: str, *, password_stdin: bool) -> None:
    """Print a link by which a person chooses a new password; using it ends all their sessions."""
    one = by_address(email)
    number, name = one.id, one.name
    if password_stdin:
        password_hash = console.hash_of(console.first_line(), one.email, name)
        run_in_transaction(lambda: people.set_password(number, password_hash))
        click.echo(f"{name} has a new password; every session of theirs has ended.")
        return
    token = run_in_transaction(lambda: people.invite(number))
    click.echo(f"For {name}, works once, for 7 days:\n{links.invitation(token)}")


@dataclass(frozen=True)
class Newcomer:
    """Somebody to add, as a command or a row says."""

    email: str
    name: str
    roles: tuple[str, ...]
    public_name: str | None = None
    languages: tuple[str, ...] = ()
    capacity: int | None = None
    needs_approval: bool = False

    def enter(self, password_hash: str | None = None) -> str | None:
        """Add them, inside a transaction. With a hash they can sign in; without, the link they need. TriageError."""
        added = people.add_operator(
            self.email, self.name, self.roles, public_name=self.public_name, languages=self.languages,
            capacity=self.capacity, needs_approval=self.needs_approval,
        )
        if password_hash is None:
            return links.invitation(people.invite(added.id))
        db.session.flush()
        people.set_password(added.id, password_hash)
        return None


def _enter_all(file: TextIO) -> tuple[list[Invited], int]:
    invited, refused = [], 0
    for line, row in _rows(file):
        try:
            invited.append(_enter(row))
        except TriageError as problem:
            refused += 1
            click.echo(f"line {line}: {row.get('email') or 'no address'}: {problem}", err=True)
    return invited, refused


def _enter(row: Mapping[str, str]) -> Invited:
    one = _newcomer(row)
    link = run_in_transaction(one.enter)
    assert link is not None  # noqa: S101 - no password was given
    return Invited(one.name, one.email, link)


def _newcomer(row: Mapping[str, str]) -> Newcomer:
    capacity = row.get("capacity", "")
    if capacity and not capacity.isdecimal():
        raise BadInput(people.BAD_CAPACITY, "capacity", most=people.MOST_CAPACITY)
    return Newcomer(
        row["email"], row["name"], _words(row["roles"]), row.get("public_name") or None,
        _words(row.get("languages", "")), int(capacity) if capacity else None,
        needs_approval=row.get("needs_approval", "").lower() in ("1", "yes", "true"),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").replace(";", " ").lower().split())


def _rows(file: TextIO) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file)
    columns = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown:
        wrong = f"lacks the column {missing[0]}" if missing else f"has a column {unknown[0]} nobody knows"
        raise click.ClickException(f"The file {wrong}. Columns are {', '.join(COLUMNS)}.")
    reader.fieldnames = columns
    for row in reader:
        yield reader.line_num, {name: (row.get(name) or "").strip() for name in columns}


def _show(invited: list[Invited]) -> None:
    for one in invited:
        click.echo(f"\n{one.name} <{one.email}>\n{one.link}")
        click.echo(links.terminal_code(one.link))


def by_address(email: str) -> Operator:
    """The person with this address. ClickException where there is none."""
    found = known.by_email(email)
    if found is None:
        raise click.ClickException(f"Nobody here has the address {email}.")
    return found
