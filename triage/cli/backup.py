"""Copies of the desk, and the way back, from the command line."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
import psycopg
import pyrage

from triage import context
from triage.backup import archive, make, postgres, restore, sqlite
from triage.cli import console
from triage.db import db

P = ParamSpec("P")
R = TypeVar("R")

TROUBLES = (archive.Damaged, archive.WrongKey, restore.Refused, postgres.Trouble, postgres.InUse, sqlite.InUse,
            sqlite.Unreadable)
NO_KEY = ("Say to whom the copy is sealed: --to age1… or BACKUP_TO (`flask triage backup-key` makes a key), "
          "or --plain for a copy that everybody who gets hold of it can read.")


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Whatever goes wrong with a copy, one sentence says it."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except TROUBLES as problem:
            raise click.ClickException(str(problem)) from problem
        except psycopg.OperationalError as problem:
            raise click.ClickException("PostgreSQL cannot be reached under DATABASE_URL.") from problem
        except sqlite3.Error as problem:
            raise click.ClickException("The database under DATABASE_URL cannot be read.") from problem
        except OSError as problem:
            raise click.ClickException(f"{problem.filename or 'The disk'}: {problem.strerror}.") from problem

    return told


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--to", "keys", multiple=True, help="A public key (age1…) to seal to; repeat for several. Default: "
                                                  "BACKUP_TO.")
@click.option("--plain", is_flag=True, help="Do not seal it: whoever gets the file reads the reports.")
@console.telling
@plainly
def backup(file: Path, *, keys: tuple[str, ...], plain: bool) -> None:
    """Copy the whole desk into one sealed FILE, while it runs: database, spool, and the keys' fingerprints.

    The keys themselves are not in it: keep .env in another safe place.
    """
    recipients = [_recipient(key) for key in keys or filter(None, [context.settings().backup_to])]
    if bool(recipients) == plain:
        raise click.ClickException(NO_KEY if not plain else "Either sealed or --plain, not both.")
    if file.exists():
        raise click.ClickException(f"{file} is there already; a copy is never written over.")
    db.session.remove()
    made = make.take(file, context.settings(), context.keyring(), recipients)
    facts = made.facts
    click.echo(f"{file}: {facts.rows['reports']} reports, {facts.rows['messages']} messages, events up to "
               f"{facts.head}, {file.stat().st_size} bytes, {'sealed' if recipients else 'NOT sealed'}.")
    if facts.ledger_difference:
        click.echo(f"The ledger of this desk has a difference of {facts.ledger_difference}: look into that.", err=True)


def _recipient(key: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(key.strip())
    except pyrage.RecipientError as problem:
        raise click.ClickException("A public key is what begins with age1; this one cannot be read.") from problem


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The private key (AGE-SECRET-KEY-…) of the public one it was sealed to.")
@click.option("--replace", is_flag=True, help="Give up the desk that is in the database now.")
@console.telling
@plainly
def restore_(file: Path, *, key_file: Path | None, replace: bool) -> None:
    """Bring a desk back from FILE, onto an empty machine with the same TRIAGE_KEYS. The desk must not run meanwhile.

    Nothing is sent by itself afterwards: what was on its way when the copy was made waits for a person.
    """
    identity = _identity(key_file) if key_file else None
    db.session.remove()
    db.engine.dispose()
    done = restore.restore(file, context.settings(), context.keyring(), identity, over=replace)
    facts, stopped = done.manifest.facts, done.stopped
    click.echo(f"{done.manifest.desk}, as it was on {done.manifest.created_at[:19]} UTC: {facts.rows['reports']} "
               f"reports, {facts.rows['messages']} messages, events up to {facts.head}.")
    click.echo(f"{stopped.uncertain} answers were on their way and are now in doubt: a coordinator decides each. "
               f"The lease clocks stand still. Ended: {stopped.sessions} sessions, {stopped.invitations} invitations, "
               f"{stopped.tokens} tokens.")
    click.echo("People, roles and passwords are those of that day: whoever was switched off since can sign in again. "
               "Look through the list of people first.")
    if facts.ledger_difference:
        click.echo(f"The ledger had a difference of {facts.ledger_difference} when the copy was made.", err=True)


def _identity(path: Path) -> pyrage.x25519.Identity:
    for line in path.read_text("utf-8", "replace").splitlines():
        if line.strip().startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError:
                break
    raise click.ClickException(f"{path} holds no private key that can be read (AGE-SECRET-KEY-…).")


@click.command("backup-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@plainly
def backup_key(file: Path) -> None:
    """Make a key for copies: the private half into FILE, which belongs on another machine; prints the public half."""
    made = pyrage.x25519.Identity.generate()
    console.keep_private(file, f"# public key: {made.to_public()}\n{made}\n")
    click.echo(f"BACKUP_TO={made.to_public()}")
    click.echo(f"{file} opens every copy sealed to it. Keep it where this machine is not, and a second one.", err=True)
