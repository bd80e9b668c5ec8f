"""`flask triage init`: a real desk begins. Works where no settings exist yet."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import func, inspect, select

import config
from triage import migrating
from triage.cli import console, doctor, envfile
from triage.cli.people import Newcomer
from triage.db import db
from triage.models import Operator

APP = "triage.app:create_app"
WEBHOOKS = {"text messages and WhatsApp": "sms", "calls, and for their status": "voice"}  # at Twilio
SAMPLE = {"SECRET_KEY": "x" * config.KEY_BYTES, "TRIAGE_KEYS": envfile.new_keys()["TRIAGE_KEYS"]}
KEPT = """
The keys are in {path}, which only you can read. They seal the phone numbers and addresses of the people
who write, and the links and cookies of this desk. Keep a copy of that file in another safe place:
if TRIAGE_KEYS is lost, the contacts in the database are lost for ever. Nobody can bring them back.
"""


def _setting(name: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """A check of one answer, by the rules of the settings; a terminal asks again."""

    def check(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
        try:
            config.load({**SAMPLE, name: value})
        except config.ConfigError as problem:
            raise click.BadParameter(str(problem)) from problem
        return value.strip()

    return check


@click.command("init")
@click.option("--desk-name", prompt="Name of the desk", callback=_setting("DESK_NAME"),
              help="What citizens and staff see.")
@click.option("--languages", prompt="Languages of the citizens' pages, the first one first", default="en,es",
              callback=_setting("DESK_LANGUAGES"), help="Such as en,es.")
@click.option("--region", prompt="Country of telephone numbers without a country code", default="KE",
              callback=_setting("DEFAULT_REGION"), help="Two letters, such as KE.")
@click.option("--public-url", prompt="Address at which people reach the desk (https://…)",
              default="http://127.0.0.1:8000", callback=_setting("PUBLIC_URL"), help="What links begin with.")
@click.option("--email", prompt="Your e-mail address, with which you sign in", help="Of the first person.")
@click.option("--name", prompt="Your name, which only staff see", help="Of the first person.")
@click.option("--password-stdin", is_flag=True, help="Take the first person's password from standard input.")
@click.option("--invite", is_flag=True, help="Make an invitation link instead of a password.")
@click.option("--file", "path", type=click.Path(path_type=Path), default=config.ROOT / ".env", show_default=".env",
              help="Where the settings go.")
@console.telling
def init(*, email: str, name: str, password_stdin: bool, invite: bool, path: Path, **answers: str) -> None:
    """Start a real desk: keys, settings, database, and the first person (coordinator and admin).

    Asks what no option says. Never overwrites keys or a desk that has people.
    """
    envfile.refuse_second(path)
    values = {
        **envfile.new_keys(), "DESK_NAME": answers["desk_name"], "DESK_LANGUAGES": answers["languages"],
        "DEFAULT_REGION": answers["region"].upper(), "PUBLIC_URL": answers["public_url"].rstrip("/"),
    }
    app = _application(values)
    with app.app_context():
        _refuse_people()
        password_hash = _password_hash(email, name, by_stdin=password_stdin, invite=invite)
        envfile.write(path, values)
        migrating.upgrade()
        _keep_private()
        link = console.write(lambda: Newcomer(email, name, ("coordinator", "admin")).enter(password_hash))
        _say_goodbye(app, path, link)


def _application(values: Mapping[str, str]) -> Flask:
    """The application as it will be from now on."""
    os.environ.update(values)
    return ScriptInfo(app_import_path=APP).load_app()


def _refuse_people() -> None:
    if inspect(db.engine).has_table(Operator.__tablename__) and db.session.scalar(select(func.count(Operator.id))):
        place = db.engine.url.render_as_string(hide_password=True)
        raise click.ClickException(f"{place} holds a desk with people already. Set DATABASE_URL to a new one.")
    db.session.remove()


def _keep_private() -> None:
    """The database holds what people wrote: on SQLite its file is its owner's alone, and so are those beside it."""
    file = db.engine.url.database
    if db.engine.dialect.name == "sqlite" and file:
        Path(file).chmod(0o600)


def _password_hash(email: str, name: str, *, by_stdin: bool, invite: bool) -> str | None:
    """The first person's password, hashed; None where they get a link."""
    if by_stdin:
        return console.hash_of(console.first_line(), email, name)
    if invite or not sys.stdin.isatty():
        return None
    while True:
        typed = click.prompt("Your password (15 characters or more; nothing for a link)", hide_input=True,
                             confirmation_prompt="Once more", default="", show_default=False)
        try:
            return console.hash_of(typed, email, name) if typed else None
        except click.ClickException as problem:
            click.echo(problem.format_message())


def _say_goodbye(app: Flask, path: Path, link: str | None) -> None:
    address = app.config["SETTINGS"].public_url
    click.echo(KEPT.format(path=path))
    _say_webhooks(address)
    if link:
        click.echo(f"Choose your password here (works once, for 7 days):\n  {link}\n")
    click.echo(f"Start it with `make run`. Citizens report at {address}/report, staff sign in at {address}/login.\n")
    doctor.tell(doctor.examine())


def _say_webhooks(address: str) -> None:
    for what, hook in WEBHOOKS.items():
        click.echo(f"With Twilio, enter there for {what}: {address}/hooks/twilio/{hook}")
    click.echo("A telephone as gateway has an address of its own: `flask triage add-account` prints it.\n")
