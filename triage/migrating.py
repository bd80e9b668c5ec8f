"""Migrations are run by commands: what runs them is loaded when one does.

It is a twentieth of what a web process would hold otherwise, day and night, and no page ever asks for it.
"""

from __future__ import annotations

from typing import Any

import click
from flask import Flask

import config
from triage.db import db

FOLDER = config.ROOT / "migrations"


class _Waiting:
    """Stands where Flask-Migrate looks for its settings until somebody asks for one of them."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate  # noqa: PLC0415 - see above

        Migrate(self._app, db, directory=str(FOLDER), render_as_batch=True)  # takes this place
        return getattr(self._app.extensions["migrate"], name)


@click.command("db", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def migrations(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Bring the database to another revision: Flask-Migrate's own commands, looked for when one is asked for."""
    from flask_migrate.cli import db as theirs  # noqa: PLC0415 - see above

    with theirs.make_context("db", list(words), parent=ctx.parent) as asked:
        theirs.invoke(asked)


def init_app(app: Flask) -> None:
    """Let `flask db …` and `upgrade` find the migrations of `app`."""
    app.extensions["migrate"] = _Waiting(app)
    app.cli.add_command(migrations)


def upgrade() -> None:
    """Bring the database of the running application to the newest revision."""
    from flask_migrate import upgrade as run  # noqa: PLC0415 - see above

    run(directory=str(FOLDER))
