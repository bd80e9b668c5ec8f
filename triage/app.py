"""The application factory: settings, database, blueprints, commands. Starts no thread."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

import config
from triage import api, cli, db, doors, logs, migrating, reach
from triage.files import Files
from triage.sealing import KeyRing
from triage.spool import Spool
from triage.web import (
    accounts,
    auth,
    back,
    desk,
    errors,
    files,
    floor,
    gateway,
    health,
    incidents,
    intake,
    languages,
    live,
    money,
    observers,
    people,
    places,
    placing,
    prices,
    quarantine,
    relating,
    reports,
    security,
    simulator,
    together,
    watch,
)

BLUEPRINTS = (
    auth.bp, desk.bp, reports.bp, placing.bp, relating.bp, together.bp, incidents.bp, observers.bp, files.bp, floor.bp,
    people.bp, accounts.bp, prices.bp, places.bp, quarantine.bp, intake.bp, back.bp, gateway.bp, health.bp, api.bp,
)


def create_app(settings: config.Settings | None = None) -> Flask:
    """An application for `settings` (default: from the environment). Raises config.ConfigError."""
    settings = settings or config.load()
    app = Flask("triage", root_path=str(config.ROOT), template_folder="templates", static_folder="static")
    ring = KeyRing(settings.triage_keys)
    app.config.update(SETTINGS=settings, KEYRING=ring, SPOOL=Spool(Path(settings.spool_path), ring),
                      FILES=Files(Path(settings.files_path), ring), SECRET_KEY=settings.secret_key,
                      TESTING=settings.testing)
    db.init_app(app, settings.database_url)
    for part in (migrating, reach, doors, watch, languages, security, errors, live, money):
        part.init_app(app)
    for blueprint in BLUEPRINTS + ((simulator.bp,) if settings.demo else ()):
        app.register_blueprint(blueprint)
    app.cli.add_command(cli.triage)
    return app


def for_commands() -> Flask:
    """What `flask` works with (.flaskenv): the application; without valid settings one that can only begin a desk."""
    try:
        settings = config.load_for_commands()
        logs.configure(settings.log_level, settings.log_format)
        return create_app(settings)
    except config.ConfigError as problem:
        return cli.without_settings(problem)
