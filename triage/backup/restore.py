"""The way back: everything is looked at before anything is changed, and the last step is one rename or one swap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyrage
from flask import Flask
from sqlalchemy import event

from config import Settings
from triage import db as database
from triage import migrating
from triage.actions import restoring
from triage.actions.restoring import Stopped
from triage.backup import archive, make, manifest, postgres, sqlite
from triage.backup.files import Returning
from triage.backup.manifest import Facts, Manifest
from triage.db import db, run_in_transaction
from triage.queries import revisions
from triage.sealing import KeyRing

# With a row in one of these, a database is a desk's.
OWNED = ("operators", "inbound", "reports", "events", "contacts", "accounts")

Place = sqlite.Place | postgres.Place


class Refused(Exception):
    """It is not restored, and nothing was changed; `str()` is one sentence."""


@dataclass(frozen=True)
class Restored:
    """What came back, and what was stopped so that it does no harm."""

    manifest: Manifest
    stopped: Stopped


def restore(path: Path, settings: Settings, ring: KeyRing, identity: pyrage.x25519.Identity | None, *,
            over: bool) -> Restored:
    """Bring the desk in the archive at `path` back, onto an empty database, or with `over` in place of the present one.

    Raises Refused, archive.Damaged, archive.WrongKey, sqlite.InUse, sqlite.Unreadable, postgres.InUse,
    postgres.Trouble: then the desk is as it was.
    """
    found = archive.unpack(path, identity, lambda _name: None)
    _require_fitting(found, settings, ring)
    if not over and _holds_anything(settings.database_url):
        raise Refused("This database holds a desk already; nothing was changed. To give it up, say --replace.")
    place, files = _place(settings.database_url, found), Returning(settings)
    place.require_alone()
    try:
        with place.filled() as fill:
            archive.unpack(path, identity, lambda name: fill if name == make.DATABASE else files.sink(name))
        _require_same(place.facts(), found.facts)
        stopped = _prepare(settings, place, found)
        files.settle()
        place.take_over()
    finally:
        files.clear()
        place.clear()
    return Restored(found, stopped)


def _require_fitting(found: Manifest, settings: Settings, ring: KeyRing) -> None:
    """Everything that can be known before a byte is written."""
    here = make.kind(settings.database_url)
    if found.database != here:
        raise Refused(f"This copy is of a {found.database} database, and DATABASE_URL names a {here} one.")
    missing = manifest.missing_keys(ring, found.keys)
    if missing:
        raise Refused(f"TRIAGE_KEYS does not hold the key {missing[0]!r} that this desk was sealed with; "
                      "without it nobody could be answered.")
    if not manifest.genuine(found, ring):
        raise Refused("This copy was not made by a desk with these keys, or somebody changed it; nothing was changed.")
    if found.facts.revision not in revisions.known():
        raise Refused("This copy was made by a newer version of the desk; update first, then restore.")


def _holds_anything(url: str) -> bool:
    if make.kind(url) == "sqlite":
        return sqlite.holds_anything(make.file_of(url), OWNED)
    return postgres.holds_anything(url, OWNED)


def _place(url: str, found: Manifest) -> Place:
    return sqlite.Place(make.file_of(url)) if make.kind(url) == "sqlite" else postgres.Place(url, found.version)


def _require_same(now: Facts, then: Facts) -> None:
    if now != then:
        raise Refused("What came out of the archive does not count up to what went in; nothing was changed.")


def _prepare(settings: Settings, place: Place, found: Manifest) -> Stopped:
    """Migrate what came back, see that nothing was lost by it, and stop what it would do by itself."""
    with _staged(settings, place):
        migrating.upgrade()
        now, then = place.facts(), found.facts
        lost = [name for name, rows in then.rows.items() if name in OWNED and now.rows.get(name) != rows]
        if lost or (now.head, now.ledger_difference) != (then.head, then.ledger_difference):
            raise Refused("The migration to this version did not keep everything; nothing was changed.")
        return run_in_transaction(lambda: restoring.make_safe(found.created_at))


@contextmanager
def _staged(settings: Settings, place: Place) -> Iterator[None]:
    """An application on the database that is being prepared; no door of it is open."""
    app = Flask("triage-restore")
    app.config.update(SETTINGS=replace(settings, database_url=place.url), KEYRING=KeyRing(settings.triage_keys))
    database.init_app(app, place.url)
    migrating.init_app(app)
    with app.app_context():
        if isinstance(place, postgres.Place):
            event.listen(db.engine, "connect", _look_into_the_staged_schema)
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def _look_into_the_staged_schema(connection: Any, _record: object) -> None:
    before, connection.autocommit = connection.autocommit, True
    connection.execute(f"SET search_path TO {postgres.STAGED}")
    connection.autocommit = before


