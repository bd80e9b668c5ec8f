"""The database goes away under load: stopped, frozen, locked, full. Every yes is exactly one message.

A few seconds on every commit; in `make soak` half a minute, too, and ten minutes once.
"""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

import config
from tests import checker
from tests.conftest import dispose, make_settings
from tests.faults.load import Load
from tests.faults.stage import Stage
from tests.patience import until
from tests.processes import Figures
from tests.scene import Scene
from tests.served import Served
from tests.servers import Postgres
from triage.app import create_app
from triage.db import db
from triage.queries.ledger import ledger

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

HALF_A_MINUTE = pytest.param(30, marks=pytest.mark.soak)
TEN_MINUTES = pytest.param(600, marks=[pytest.mark.soak, pytest.mark.once, pytest.mark.timeout(3600)])
AWAY = [6, HALF_A_MINUTE, TEN_MINUTES]
LOCKED = [5, HALF_A_MINUTE]
CALM = 1.0  # seconds before and after, in which nothing is wrong
RECOVERED = 60.0  # seconds; more than a thousand items are a matter of how fast one after the other goes
A_THOUSAND = 60.0
PATIENT = 0.5  # seconds: G5, of long outages
DESK = {"demo": False, "acknowledge": False, "form_per_10_minutes": 100_000}
desk = pytest.mark.parametrize("settings", [pytest.param(DESK, id="desk")], indirect=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL that may be stopped: nobody else is on it. What it says is committed survives a crash."""
    server = Postgres(durable=True)
    try:
        yield server.start()
    finally:
        server.remove()


@contextmanager
def loaded(app: Flask, settings: config.Settings) -> Iterator[Load]:
    """A server under load, which ends with every word heard."""
    with Served(settings) as served:
        load = Load(served, app)
        with load.flowing():
            time.sleep(CALM)
            yield load
            time.sleep(CALM)
        check(load, app, served)


def check(load: Load, app: Flask, served: Served) -> None:
    """Each yes is one message, nothing else is; nothing waits outside; the sum adds up; and soon."""
    begun = time.monotonic()
    spool = Path(served.settings.spool_path)
    limit = RECOVERED + A_THOUSAND * (waiting(served.settings) // 1000)
    drained = until(lambda: (time.sleep(0.3), not waiting(served.settings))[-1], limit)  # thousands: look seldom
    assert drained, f"not recovered in time; {load.statuses()}, p99 {load.slowest(0.99)}"
    load.recovered = time.monotonic() - begun
    with app.app_context():
        found = [body for (body,) in db.session.execute(db.text("SELECT body FROM messages WHERE direction = 'in'"))]
        sums = ledger()
        dispose(app)
    assert sorted(found) == sorted(load.yes())
    assert sums.difference == 0
    assert sums.received == len(found)
    assert not list(spool.glob("*.damaged"))
    checker.check(served.settings)


def say(figures: Figures, load: Load, spooled: int, away: float, since: float) -> None:
    """The figures of one outage."""
    figures(f"away {away:.0f} s: {len(load.told)} items, {spooled} spooled, statuses {load.statuses()}, p50 "
            f"{1000 * load.slowest(0.5, since):.0f} ms, p99 {1000 * load.slowest(0.99, since):.0f} ms, longest "
            f"{load.slowest(1, since):.1f} s, drained {load.recovered:.1f} s after the load")


def waiting(settings: config.Settings) -> int:
    """How many records wait now."""
    return len(list(Path(settings.spool_path).glob("*.record")))


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture
def far(cluster: Postgres, tmp_path: Path) -> Iterator[tuple[Flask, Postgres]]:
    """A desk on a database that may go away."""
    name = cluster.create()
    app = create_app(make_settings(tmp_path, database_url=cluster.url(name), **DESK))
    with app.app_context():
        upgrade(directory=str(config.ROOT / "migrations"))
        Scene()
        dispose(app)
    yield app, cluster
    cluster.drop(name)


@pytest.mark.postgresql
@pytest.mark.parametrize("seconds", AWAY)
@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_postgresql_away_under_load_loses_and_doubles_nothing(
    far: tuple[Flask, Postgres], figures: Figures, how: str, seconds: int
) -> None:
    app, cluster = far
    settings = app.config["SETTINGS"]
    with loaded(app, settings) as load:
        since = time.monotonic()
        cluster.stop("immediate") if how == "stopped" else cluster.hold()
        try:
            time.sleep(seconds)
            spooled = waiting(settings)
        finally:
            cluster.start() if how == "stopped" else cluster.go_on()
    assert spooled > seconds * 5, "of twenty a second, less what waited first"
    assert set(load.statuses()) == {200}, "everybody was told yes at once"
    say(figures, load, spooled, seconds, since)
    if seconds >= 600:
        assert load.slowest(0.99, since) <= PATIENT


# ---------------------------------------------------------------- SQLite


@contextmanager
def locked(settings: config.Settings) -> Iterator[None]:
    """Another process than the server writes, and does not end."""
    path = settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@pytest.mark.only("sqlite")
@desk
@pytest.mark.parametrize("seconds", LOCKED)
def test_a_locked_sqlite_keeps_nobody_waiting_for_long(
    app: Flask, scene: Scene, settings: config.Settings, figures: Figures, seconds: int
) -> None:
    dispose(app)
    with loaded(app, settings) as load:
        since = time.monotonic()
        with locked(settings):
            time.sleep(seconds)
            spooled = waiting(settings)
    assert spooled > 0
    assert set(load.statuses()) == {200}
    say(figures, load, spooled, seconds, since)


@contextmanager
def largest_file(process: int, size: int) -> Iterator[None]:
    """No file of that process may grow beyond `size` bytes, as on a disk that is full."""
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.only("sqlite")
@desk
def test_a_full_disk_of_the_database_fills_the_spool(
    app: Flask, scene: Scene, settings: config.Settings, figures: Figures
) -> None:
    dispose(app)
    with loaded(app, settings) as load:
        since = time.monotonic()
        with largest_file(load.served.worker(), 16_384):  # enough for a record, not for a database
            time.sleep(3)
            spooled = waiting(settings)
    assert spooled > 0
    assert set(load.statuses()) == {200}
    say(figures, load, spooled, 3, since)


@pytest.mark.only("sqlite")
@desk
def test_a_full_disk_of_both_says_no_and_what_is_said_again_is_kept_once(
    app: Flask, scene: Scene, settings: config.Settings, figures: Figures
) -> None:
    dispose(app)
    with loaded(app, settings) as load:
        since = time.monotonic()
        with largest_file(load.served.worker(), 0):
            time.sleep(3)
            assert waiting(settings) == 0
            assert not list(Path(settings.spool_path).glob("*.part"))
    assert set(load.statuses()) == {200, 503}, "never 500"
    say(figures, load, 0, 3, since)


# ---------------------------------------------------------------- SIGKILL at K11, K12, K13

KILLS = {  # what is in the spool's folder at the death
    "spool.written": ".part",  # nobody was told yes
    "spool.synced": ".record",  # the same, and it is kept all the same
    "spool.drained": ".record",  # in the database and in the spool
}


@pytest.mark.only("sqlite")
@desk
@pytest.mark.parametrize("point", KILLS)
def test_a_message_survives_a_death_on_its_way_through_the_spool(stage: Stage, point: str) -> None:
    settings = stage.served.settings
    stage.arm(point)
    name = stage.writes("The doors are locked")
    with locked(settings):
        heard = stage.carry()
        assert heard == (1 if point == "spool.drained" else 0)
    assert stage.dies()
    left = [path.suffix for path in Path(settings.spool_path).iterdir() if path.name != "turn"]
    assert left == [KILLS[point]]
    stage.served.kill()
    stage.open()
    assert stage.carry_all()
    assert until(lambda: waiting(settings) == 0)
    assert stage.one("SELECT count(*) FROM inbound") == 1
    stage.nothing_lost_or_doubled()
    assert [one.status for one in stage.store.tries(name)].count(200) == 1
