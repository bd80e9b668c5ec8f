"""200 secrets through every door of a real desk that is told to say everything, in fair weather and foul: none leaks.

Report text stands in the database (it must be searched), so do drafts and notes; contacts, codes, passwords,
tokens and links do not, not in clear. Nowhere else may any of it be.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import config
from channels.base import RemoteFile
from tests.canary import places
from tests.canary.doors import Doors
from tests.canary.planted import Canaries, leaks
from tests.cleaning.planted import picture, saved
from tests.conftest import dispose, make_settings
from tests.processes import figures
from tests.scene import Scene
from tests.served import Served, Worker
from tests.servers import Postgres, Redis, programs
from triage import passwords, storing
from triage.app import create_app
from triage.db import db

__all__ = ["figures"]

NEVER_IN_CLEAR = ("phone", "email", "code", "receipt code", "password", "token", "invitation", "key")
LIVELY = {"undo_seconds": 0, "log_level": "debug", "log_format": "json", "attempt_seconds": 4}


@dataclass
class Stage:
    """A running desk, what surrounds it, and the secrets that were brought to it."""

    settings: config.Settings
    served: Served
    temporary: Path
    canaries: Canaries
    postgres: Postgres | None = None
    redis: Redis | None = None
    worker: Worker | None = None

    # what goes wrong

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """A table is missing: whatever needs it fails with the database's own words."""
        self._run(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            yield
        finally:
            self._run(f"ALTER TABLE {table}_away RENAME TO {table}")

    def _run(self, statement: str) -> None:
        if self.postgres is not None:
            with self.postgres.connect(self.settings.database_url.rpartition("/")[2]) as connection:
                connection.execute(statement.encode())
            return
        with closing(sqlite3.connect(self.settings.database_url.removeprefix("sqlite:///"), timeout=30)) as connection:
            connection.execute(statement)
            connection.commit()

    @contextmanager
    def no_database(self) -> Iterator[None]:
        """Nobody can write: the server is gone, or somebody sits on the file."""
        if self.postgres is not None:
            self.postgres.stop("immediate")
            yield
            self.postgres.start()
            return
        file = self.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    # what is read out

    def stored(self) -> bytes:
        """Everything in the database, as whoever steals the disk would read it."""
        if self.postgres is None:
            file = Path(self.settings.database_url.removeprefix("sqlite:///"))
            return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
        address = self.settings.database_url.replace("+psycopg", "")
        return subprocess.run([programs() / "pg_dump", "--inserts", address], capture_output=True, check=True).stdout


# What runs on every commit has more places to leave a secret in: worker, Redis, the log of PostgreSQL.
@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.soak),
                        pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.redis])])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A desk with two people, at work."""
    temporary, canaries = tmp_path / "tmp", Canaries()
    temporary.mkdir()
    home = tmp_path / "desk"
    home.mkdir()
    changes: dict[str, object] = dict(LIVELY)
    postgres, own_redis = None, None
    if request.param == "postgresql":
        postgres, own_redis = Postgres(options=["log_error_verbosity=terse"]).start(), Redis().start()
        changes |= {"database_url": postgres.url(postgres.create()), "redis_url": own_redis.url}
    settings = make_settings(home, **changes)
    _furnish(settings, canaries)
    served = Served(settings, TMPDIR=str(temporary), TESTING="0")  # as in earnest: failures are logged
    made = Stage(served.settings, served, temporary, canaries, postgres, own_redis)
    try:
        yield made
    finally:
        for program in filter(None, (served, made.worker)):
            program.kill()
        if postgres is not None and own_redis is not None:
            postgres.remove()
            own_redis.kill()


def _furnish(settings: config.Settings, canaries: Canaries) -> None:
    from flask_migrate import upgrade

    app = create_app(replace(settings, redis_url=None))
    with app.app_context():
        upgrade(directory=str(config.ROOT / "migrations"))
        scene = Scene()
        maya = scene.operator("Maya", capacity=1000)
        scene.account("mastodon", "@harbour@social.example")
        scene.account("mastodon", "@maya@social.example", can_send=True, operator=maya)
        hashed = passwords.hashed(canaries.secret("password"), "low")
        scene.do(lambda: setattr(maya, "password_hash", hashed))
        _with_files(scene, canaries)
        db.session.remove()
        dispose(app)


def _with_files(scene: Scene, canaries: Canaries) -> None:
    """Words in files and in what pictures say of themselves; and where a file lies, which holds names of ours."""
    for _ in range(3):
        storing.store(canaries.words().encode())
        storing.store(saved(picture(), "JPEG", comment=canaries.words().encode()))
    lies = f"https://api.twilio.com/2010-04-01/Accounts/{canaries.secret('token')}"
    scene.arrives(replace(scene.message("Picha"), remote_files=(RemoteFile(lies, "image/jpeg"),)))


def password_of_maya(canaries: Canaries) -> str:
    """The first secret that was made."""
    return next(value for value, kind in canaries.kinds.items() if kind == "password")


def until_calm(stage: Stage, seconds: float = 60.0) -> None:
    """Wait until nothing is being sent, so that what failing sends log is there to be read."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page = places.figures(stage.served.address).decode()
        if 'triage_outbox{state="sending"} 0.0' in page and "triage_spool_records 0.0" in page:
            return
        time.sleep(0.5)


def play(stage: Stage, doors: Doors) -> bytes:
    """A whole evening; what lay in the spool while the database was away."""
    canaries = stage.canaries
    address = f"{canaries.known('staff address', 'qy' + canaries.secret('staff address')[:9])}@desk.example"
    link = doors.command("add-operator", address, "--name", canaries.name(), "--role", "operator")
    doors.command("add-account", "sms", "+254700000777", "--secret-stdin", typed=canaries.secret("key") + "\n")
    token = canaries.known("token", doors.command("token", "maya@desk.example").split()[0])
    doors.citizens()
    doors.back(doors.form())
    doors.strangers()
    visitor = doors.sign_in("maya@desk.example", password_of_maya(canaries))
    report = doors.works(visitor)[0]
    doors.programs(token, report)
    doors.invited(link.split()[-1])
    for table in ("notes", "drafts", "inbound", "deliveries", "contacts", "staff_sessions"):
        with stage.without(table):
            doors.citizens(2)
            doors.writes(visitor, report)
            doors.form()
            doors.look()
    spooled = foul_weather(stage, doors)
    until_calm(stage)
    return spooled


def foul_weather(stage: Stage, doors: Doors) -> bytes:
    """The database is away while people write."""
    with stage.no_database():
        doors.store.write_many([])
        doors.citizens(2)
        doors.form()
        doors.look()
        return places.files(Path(stage.settings.spool_path))


@pytest.mark.timeout(420)
def test_two_hundred_secrets_and_none_gets_out(stage: Stage, figures: object) -> None:
    heard = places.Overheard(stage.redis) if stage.redis is not None else None
    stage.served.start()
    if stage.redis is not None:
        stage.worker = Worker(stage.settings, TMPDIR=str(stage.temporary)).start()
    doors = Doors(stage.served, stage.canaries)
    spooled = play(stage, doors)
    found = {
        "figures": places.figures(stage.served.address), "strangers' pages": b"\n".join(doors.pages),
        "addresses": "\n".join(doors.addresses).encode(), "spool": spooled,
        "redis": places.redis_dump(stage.redis) if stage.redis else b"",
        "said to redis": heard.text() if heard else b"",
    }
    stage.served.stop()
    if stage.worker is not None:
        stage.worker.stop()
    found |= {
        "server's log": stage.served.log().encode(), "commands": "".join(doors.said).encode(),
        "worker's log": stage.worker.log().encode() if stage.worker else b"",
        "postgresql's log": stage.postgres.log().encode() if stage.postgres else b"",
        "temporary files": places.files(stage.temporary),
        "files of the desk": places.files(stage.temporary.with_name("desk")),
    }
    assert leaks(stage.canaries, found) == []
    assert stage.canaries.found(stage.stored(), NEVER_IN_CLEAR) == set()
    assert_they_were_there(stage, found)
    figures(f"{len(stage.canaries.kinds)} secrets; bytes read: {({name: len(one) for name, one in found.items()})}")


def assert_they_were_there(stage: Stage, found: dict[str, bytes]) -> None:
    """The secrets did come in, the faults did happen, and the places were not empty."""
    assert len(stage.canaries.kinds) >= 200
    assert stage.canaries.found(stage.stored(), ("words", "draft", "note", "answer"))
    log = found["server's log"].decode()
    failed = "request.failed" if stage.postgres is not None else "database.unavailable"
    for sign in (failed, "inbound.quarantined", '"event": "request"'):
        assert sign in log, sign
    assert found["spool"]
    assert len(list(Path(stage.settings.files_path).iterdir())) == 12
    if stage.postgres is not None:
        assert b"does not exist" in found["postgresql's log"]
        assert b"rq:" in found["said to redis"]
