"""What is wrong with this installation, one line each."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import redis
from rq import SimpleWorker
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

import config
from channels.base import Sender
from triage import broker, clock, connections, context, engines, sealing
from triage.cli import console
from triage.db import db
from triage.models import Account, Contact, InboundItem, Operator
from triage.queries import revisions, slots
from triage.rights import Right
from triage.spool import Damaged, Spool

VENDOR = ("socket.io.min.js",)
SHARED = stat.S_IRWXG | stat.S_IRWXO
OLDEST_POSTGRES = 130_000  # pg_current_xact_id and its like
LITTLE_KEPT = "the database holds nothing sealed yet"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and whether that is a fault (`well` None: worth knowing)."""

    what: str
    how: str
    well: bool | None = True


Check = Callable[[], Iterator[Finding]]


@click.command("doctor")
@console.telling
def doctor() -> None:
    """Check settings, keys, database, accounts and files; status 1 where something is wrong."""
    faults = tell(examine())
    if faults:
        raise click.ClickException(f"{faults} found wrong.")


def tell(findings: Iterable[Finding]) -> int:
    """Print each finding; how many are faults."""
    faults = 0
    for one in findings:
        mark = {True: "ok   ", None: "note ", False: "WRONG"}[one.well]
        click.secho(f"{mark} {one.what}: {one.how}", fg="red" if one.well is False else None)
        faults += one.well is False
    return faults


def examine() -> Iterator[Finding]:
    """Every check in turn; one that breaks is a finding itself."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as problem:  # whatever it is, the other checks still say something
            yield Finding(check.__name__.strip("_"), f"could not be checked: {type(problem).__name__}", well=False)


def _settings() -> Iterator[Finding]:
    settings = context.settings()
    yield Finding("settings", f"{settings.desk_name}, {', '.join(settings.desk_languages)}, {settings.public_url}")
    if settings.demo:
        yield Finding("settings", "DEMO=1: a practice desk, everybody at this machine can print its log-ins", well=None)
    elif not settings.secure:
        yield Finding("settings", "PUBLIC_URL is not https: only for trying it on this machine", well=None)


def _keys() -> Iterator[Finding]:
    ring = context.keyring()
    sealed = _anything_sealed()
    if sealed is None:
        yield Finding("keys", f"{len(ring.keys) - 1} sealing, 1 index; {LITTLE_KEPT}")
        return
    try:
        ring.open_bytes(*sealed)
    except sealing.SealBroken:
        yield Finding("keys", "TRIAGE_KEYS does not open what this database holds: another desk's keys", well=False)
    else:
        yield Finding("keys", f"{len(ring.keys) - 1} sealing, 1 index; they open what the database holds")


def _anything_sealed() -> tuple[bytes, str] | None:
    """Something sealed and what it is bound to."""
    with suppress(SQLAlchemyError):  # a database without tables is the database check's to tell
        contact = db.session.scalars(select(Contact).limit(1)).first()
        if contact is not None:
            return contact.address_sealed, contact.address_context
        item = db.session.scalars(select(InboundItem).limit(1)).first()
        return (item.raw_sealed, item.raw_context) if item is not None else None
    db.session.remove()
    return None


def _database() -> Iterator[Finding]:
    name = db.engine.url.render_as_string(hide_password=True)
    try:
        with db.engine.connect() as connection:
            yield Finding("database", name)
            yield _migrations(connection)
            yield from _integrity(connection)
            yield from _quoting(connection)
    except SQLAlchemyError as problem:
        yield Finding("database", f"{name} cannot be used: {type(problem).__name__}", well=False)


def _migrations(connection: Connection) -> Finding:
    wanted, found = revisions.wanted(), revisions.found(connection)
    if found == wanted:
        return Finding("migrations", f"at {', '.join(sorted(found))}")
    return Finding("migrations", f"at {', '.join(sorted(found)) or 'none'}, not at {', '.join(sorted(wanted))}: "
                                 "run `flask db upgrade`", well=False)


def _integrity(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name != "sqlite":
        yield from _postgresql(connection)
        return
    said = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    orphans = len(connection.execute(text("PRAGMA foreign_key_check")).all())
    yield Finding("integrity", f"{said}, {orphans} rows without what they point to", well=said == "ok" and not orphans)


def _postgresql(connection: Connection) -> Iterator[Finding]:
    asked = ("max_connections", "fsync", "synchronous_commit", "server_encoding")
    said = {name: str(connection.scalar(text("SELECT current_setting(:name)"), {"name": name})) for name in asked}
    version = connection.scalar(text("SELECT current_setting('server_version_num')::int")) or 0
    yield Finding("server", f"PostgreSQL {version // 10_000}", well=version >= OLDEST_POSTGRES)
    careless = [f"{name} is off" for name in ("fsync", "synchronous_commit") if said[name] == "off"]
    yield Finding("durability", f"{', '.join(careless)}: a power cut loses what was said to be stored" if careless
                  else "what is stored survives a power cut", well=None if careless else True)
    room = int(said["max_connections"])
    yield Finding("connections", f"room for {room}; each process of the desk takes up to {engines.MOST_CONNECTIONS}",
                  well=True if room > 3 * engines.MOST_CONNECTIONS else None)
    yield Finding("encoding", said["server_encoding"], well=said["server_encoding"] == "UTF8")
    yield from _unproven(connection)


def _unproven(connection: Connection) -> Iterator[Finding]:
    """Foreign keys and checks that were added without looking at the rows, and triggers that are switched off."""
    loose = connection.scalars(text("SELECT conname FROM pg_constraint WHERE NOT convalidated")).all()
    off = connection.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'")).all()
    wrong = [*loose, *off]
    how = f"not in force: {', '.join(wrong)}" if wrong else "every constraint and trigger in force"
    yield Finding("integrity", how, well=not wrong)


def _quoting(connection: Connection) -> Iterator[Finding]:
    """Whether PostgreSQL's own log may quote the rows that it refuses."""
    if connection.dialect.name == "postgresql":
        said = connection.execute(text("SHOW log_error_verbosity")).scalar()
        yield Finding("postgresql's log", "quotes no rows" if said == "terse" else "may quote a refused row: its "
                      "superuser can say ALTER DATABASE … SET log_error_verbosity = terse",
                      well=True if said == "terse" else None)


def _people() -> Iterator[Finding]:
    active = select(Operator).where(Operator.active)
    admins = sum(one.may(Right.GRANT_ROLES) for one in db.session.scalars(active))
    people = db.session.scalar(select(func.count()).select_from(active.subquery())) or 0
    yield Finding("people", f"{people} active, {admins} of them admin", well=admins > 0)


def _accounts() -> Iterator[Finding]:
    accounts = db.session.scalars(select(Account).order_by(Account.channel, Account.address)).all()
    for account in accounts:
        yield _account(account)
    if not accounts:
        yield Finding("accounts", "none yet: only the web form brings reports (`flask triage add-account`)", well=None)


def _account(account: Account) -> Finding:
    what = f"account {account.address} ({account.channel} at {account.provider})"
    if account.needs_attention is not None:
        return Finding(what, f"needs attention: {account.needs_attention}", well=False)
    try:
        channel = connections.connect(account)
    except sealing.SealBroken:
        return Finding(what, "its key does not open with TRIAGE_KEYS", well=False)
    except LookupError:
        return Finding(what, "there is nobody here who carries it", well=False)
    if account.can_send and not isinstance(channel, Sender):
        return Finding(what, "is meant to send and cannot", well=False)
    if account.provider == "simulator" and not context.settings().demo:
        return Finding(what, "made up: nothing leaves this machine, and without DEMO=1 nothing is carried", well=None)
    return Finding(what, "paused by a person") if account.paused_at else _fetching(account, what)


def _fetching(account: Account, what: str) -> Finding:
    """Ready, unless its telephone has stopped fetching while something waits for it."""
    since, waiting = slots.silent_since(account, clock.now()), slots.waiting(account)
    if since is None or not waiting:
        return Finding(what, "ready")
    return Finding(what, f"its telephone has fetched nothing since {since:%H:%M} UTC, and {waiting} wait for it: is it "
                         "on, has it a network, does its app run?", well=False)


def _files() -> Iterator[Finding]:
    missing = [name for name in VENDOR if not (config.ROOT / "static" / "vendor" / name).exists()]
    yield Finding("browser libraries", f"{', '.join(missing)} missing: run `make vendor`" if missing else "there",
                  well=not missing)
    catalogues = sorted((config.ROOT / "triage" / "translations").glob("*/LC_MESSAGES/*.po"))
    stale = [path.parts[-3] for path in catalogues if not _fresh(path.with_suffix(".mo"), path)]
    yield Finding("catalogues", f"not compiled: {', '.join(stale)}; run `make setup`" if stale
                  else f"{len(catalogues)} compiled", well=not stale)


def _fresh(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime >= source.stat().st_mtime


def _secrets() -> Iterator[Finding]:
    files = [path for path in (config.ROOT / ".env", config.INSTANCE / "demo.env") if path.exists()]
    for path in files:
        yield Finding(str(path.relative_to(config.ROOT)), _mode(path), well=not _shared(path))
    file = Path(db.engine.url.database or "")
    if db.engine.dialect.name == "sqlite" and _shared(file):
        yield Finding("database file", _mode(file), well=None if context.settings().demo else False)


def _spool() -> Iterator[Finding]:
    spool = context.spool()
    names, damaged = spool.names(), spool.damaged()
    unopened = sum(not _opens(spool, name) for name in names)
    if unopened:
        yield Finding("spool", f"{unopened} of {len(names)} records in {spool.folder} were sealed with a key that is "
                               "not in TRIAGE_KEYS: add that key again, and they are taken in", well=False)
    if damaged:
        yield Finding("spool", f"{damaged} records in {spool.folder} cannot be read and were set aside (*.damaged)",
                      well=False)
    if names and not unopened:
        yield Finding("spool", f"{len(names)} records wait to be taken into the database", well=None)
    elif not names and not damaged:
        yield Finding("spool", "nothing waits outside the database")


def _opens(spool: Spool, name: str) -> bool:
    try:
        spool.open(name)
    except sealing.SealBroken:
        return False
    except (Damaged, FileNotFoundError):
        pass  # the first is set aside by who takes it in, the second is taken in
    return True


def _shared(path: Path) -> bool:
    return bool(path.stat().st_mode & SHARED)


def _mode(path: Path) -> str:
    return "others on this machine can read it: chmod 600" if _shared(path) else "only its owner can read it"


def _redis() -> Iterator[Finding]:
    url = context.settings().redis_url
    if url is None:
        return
    client = broker.client(url)
    try:
        client.set("triage:doctor", 1, px=1000)
        hearing = SimpleWorker.count(client)
    except redis.RedisError as problem:
        yield Finding("redis", f"cannot be used: {type(problem).__name__}", well=False)
    else:
        yield Finding("redis", f"takes what is written; {hearing} workers", well=True if hearing else None)


CHECKS: tuple[Check, ...] = (_settings, _keys, _database, _people, _accounts, _files, _secrets, _spool, _redis)
