"""What is not restored, and what is left when something is cut off: never half a desk that looks whole."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from flask import Flask

import config
from tests.backup.conftest import Key, Machine, make_key
from tests.backup.desks import Desk, opened
from tests.conftest import dispose
from tests.scene import INTAKE, Scene
from triage.backup import archive, make, manifest
from triage.db import db
from triage.models import Report
from triage.sealing import KeyRing

OTHER = bytes(range(7, 39))


def number_of_reports(settings: config.Settings) -> int | None:
    """How many reports a desk has; None where there is none."""
    if settings.database_url.startswith("sqlite") and not make.file_of(settings.database_url).exists():
        return None
    with opened(settings):
        if not db.inspect(db.engine).has_table("reports"):
            return None
        return db.session.query(Report).count()


@pytest.fixture
def file(scene: Scene, machine: Machine, key: Key, tmp_path: Path) -> Path:
    """A sealed copy of a desk with reports."""
    Desk(scene).lives()
    machine.run("backup", str(tmp_path / "desk.backup"), "--to", key.public)
    return tmp_path / "desk.backup"


def test_a_desk_in_the_way_is_not_written_over(file: Path, machine: Machine, key: Key, scene: Scene) -> None:
    scene.sms("A later one", "+254711000099")
    db.session.remove()
    before = number_of_reports(machine.settings)
    assert "holds a desk already" in machine.run("restore", str(file), "--key-file", str(key.file), status=1)
    assert number_of_reports(machine.settings) == before
    db.session.remove()
    db.engine.dispose()
    machine.run("restore", str(file), "--key-file", str(key.file), "--replace")
    assert number_of_reports(machine.settings) == before - 1


def test_a_desk_that_runs_is_not_replaced(file: Path, machine: Machine, key: Key, scene: Scene) -> None:
    before = db.session.query(Report).count()  # this very session is open
    said = machine.run("restore", str(file), "--key-file", str(key.file), "--replace", status=1)
    assert "stop" in said
    assert db.session.query(Report).count() == before


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("keys, missing", [
    ({"k2": OTHER}, "k1"), ({"k1": OTHER}, "k1"), ({"index": OTHER}, "index"),
])
def test_without_its_keys_a_desk_does_not_come_back(file: Path, empty: Machine, key: Key, keys: dict[str, bytes],
                                                    missing: str) -> None:
    ring = {name: one for name, one in empty.settings.triage_keys.items() if name != missing}
    empty.changes["triage_keys"] = {**ring, **keys}
    assert f"the key '{missing}'" in empty.run("restore", str(file), "--key-file", str(key.file), status=1)
    assert number_of_reports(empty.settings) is None


@pytest.mark.only("sqlite")
def test_a_further_key_does_no_harm(file: Path, empty: Machine, key: Key) -> None:
    empty.changes["triage_keys"] = {"k2": OTHER, **empty.settings.triage_keys}
    empty.run("restore", str(file), "--key-file", str(key.file))
    assert number_of_reports(empty.settings) == 4


@pytest.mark.only("sqlite")
def test_the_private_key_must_fit(file: Path, empty: Machine, tmp_path: Path) -> None:
    assert "give the private key" in empty.run("restore", str(file), status=1)
    other = make_key(tmp_path, "other.key")
    assert "sealed to another one" in empty.run("restore", str(file), "--key-file", str(other.file), status=1)
    (tmp_path / "none.key").write_text("nothing\n")
    assert "no private key" in empty.run("restore", str(file), "--key-file", str(tmp_path / "none.key"), status=1)
    assert number_of_reports(empty.settings) is None


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_archive_changes_nothing(scene: Scene, machine: Machine, empty: Machine, key: Key, tmp_path: Path,
                                           *, sealed: bool) -> None:
    Desk(scene).lives()
    whole = tmp_path / "whole"
    machine.run("backup", str(whole), *(("--to", key.public) if sealed else ("--plain",)))
    content, broken = whole.read_bytes(), tmp_path / "broken"
    places = [0, 1, 20, 100, 400, *(len(content) * part // 12 for part in range(1, 12)), len(content) - 1]
    for place in places:
        broken.write_bytes(content[:place])
        with pytest.raises((archive.Damaged, archive.WrongKey)):
            archive.unpack(broken, _identity(key), lambda _name: None)
    for place in places[1:]:
        broken.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
        assert _what_it_says(broken, key) in (None, _what_it_says(whole, key))  # zlib knows several ways to say a zero
    broken.write_bytes(content[: len(content) // 2])
    assert "damaged" in empty.run("restore", str(broken), "--key-file", str(key.file), status=1)
    assert number_of_reports(empty.settings) is None


def _what_it_says(file: Path, key: Key) -> list[object] | None:
    """The manifest and every byte of an archive; None where it is refused."""
    said: list[object] = []
    try:
        made = archive.unpack(file, _identity(key), lambda name: lambda content: said.append((name, content)))
    except (archive.Damaged, archive.WrongKey):
        return None
    return [made, *said]


def _identity(key: Key) -> object:
    return pyrage.x25519.Identity.from_str(key.file.read_text().strip())


@pytest.mark.only("sqlite")
def test_a_manifest_that_says_something_else_is_refused(machine: Machine, empty: Machine, app: Flask, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer format, newer migration, another database, other counts: one sentence each."""
    real = manifest.Manifest.text
    for number, (change, sentence) in enumerate([
        ({"format": 2}, "newer version"), ({"facts": {"revision": "9999"}}, "newer version"),
        ({"database": "postgresql"}, "of a postgresql database"), ({"facts": {"head": 77}}, "does not count up"),
        ({"facts": {"rows": {}}}, "does not count up"),
    ]):
        monkeypatch.setattr(manifest.Manifest, "text", lambda made, change=change: _changed(real(made), change))
        file = tmp_path / str(number)
        machine.run("backup", str(file), "--plain")
        assert sentence in empty.run("restore", str(file), status=1)
        assert number_of_reports(empty.settings) is None


def _changed(text: bytes, change: dict[str, object]) -> bytes:
    values = json.loads(text)
    for name, value in change.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value
    return json.dumps(values).encode()


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("damage", [
    lambda whole: os.urandom(len(whole)), lambda whole: whole[:len(whole) // 3],
    lambda whole: whole[:100] + os.urandom(len(whole) - 100),
], ids=["another file", "cut off", "only its head is left"])
def test_a_damaged_database_can_be_replaced(file: Path, empty: Machine, key: Key,
                                            damage: Callable[[bytes], bytes]) -> None:
    """It is why a desk is brought back. It is given up when asked for, and not while a desk runs on it."""
    empty.run("restore", str(file), "--key-file", str(key.file))
    present = make.file_of(empty.settings.database_url)
    present.write_bytes(damage(present.read_bytes()))
    broken = present.read_bytes()
    assert "cannot be read" in empty.run("restore", str(file), "--key-file", str(key.file), status=1)
    with _holding(present):
        said = empty.run("restore", str(file), "--key-file", str(key.file), "--replace", status=1)
    assert "stop it first" in said
    assert present.read_bytes() == broken
    empty.run("restore", str(file), "--key-file", str(key.file), "--replace")
    assert number_of_reports(empty.settings) == 4


@contextmanager
def _holding(path: Path) -> Iterator[None]:
    """Another process has the file open as a desk in WAL mode does: with a shared lock where SQLite keeps its locks."""
    hold = ("import fcntl, sys; file = open(sys.argv[1], 'rb'); "
            "fcntl.lockf(file, fcntl.LOCK_SH, 510, 0x40000002); print('held', flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


@pytest.mark.only("sqlite")
def test_a_damaged_database_is_not_copied(machine: Machine, app: Flask, tmp_path: Path) -> None:
    dispose(app)
    make.file_of(machine.settings.database_url).write_bytes(os.urandom(50_000))
    assert "cannot be read" in machine.run("backup", str(tmp_path / "desk.backup"), "--plain", status=1)
    assert not (tmp_path / "desk.backup").exists()


@pytest.mark.parametrize("named", [True, False])
def test_a_copy_that_no_desk_with_our_keys_made_is_refused(file: Path, empty: Machine, key: Key, tmp_path: Path,
                                                           *, named: bool) -> None:
    """The key that copies are sealed to is public: whoever reaches the copies could put one of their own there."""
    real, forged = archive.unpack(file, _identity(key), lambda _name: None), tmp_path / "forged"
    ours = real.keys if named else {}
    stranger = KeyRing({"k1": OTHER, "index": OTHER})
    with archive.written(forged, [pyrage.x25519.Recipient.from_str(key.public)]) as out:
        pack = archive.Pack(out)
        pack.add(make.DATABASE, io.BytesIO(b"\\! touch /somewhere"))
        pack.close(manifest.marked(replace(real, keys=ours, members=pack.members), stranger))
    said = empty.run("restore", str(forged), "--key-file", str(key.file), status=1)
    assert "not made by a desk with these keys" in said
    assert number_of_reports(empty.settings) is None


# ---------------------------------------------------------------- while people write


def test_a_copy_taken_under_load_holds_all_that_was_acknowledged_before(scene: Scene, app: Flask, machine: Machine,
                                                                        empty: Machine, key: Key,
                                                                        tmp_path: Path) -> None:
    said, ending = list[str](), threading.Event()
    file = tmp_path / "desk.backup"
    writers = [threading.Thread(target=_write, args=(app, said, ending, place)) for place in range(3)]
    for writer in writers:
        writer.start()
    try:
        while len(said) < 20:
            time.sleep(0.01)
        before = set(said)
        with opened(machine.settings):
            machine.run("backup", str(file), "--to", key.public)
        during = set(said)
    finally:
        ending.set()
        for writer in writers:
            writer.join()
    assert len(during) > len(before), "nobody wrote meanwhile"
    empty.run("restore", str(file), "--key-file", str(key.file))
    with opened(empty.settings):
        kept = {row[2] for row in Desk(scene).picture().messages if row[1] == "in"}
    assert before <= kept <= set(said)


def _write(app: Flask, said: list[str], ending: threading.Event, place: int) -> None:
    with app.app_context():
        own = Scene.__new__(Scene)
        own._ids = itertools.count(1)
        for number in itertools.count():
            if ending.is_set():
                break
            text = f"message {place}-{number}"
            own.arrives(own.message(text, f"+25471{place}{number:06}", to=INTAKE, name=f"SM-{place}-{number}"))
            said.append(text)
        db.session.remove()


# ---------------------------------------------------------------- cut off


@pytest.mark.parametrize("moment", [0.0, 0.3])
def test_a_backup_cut_off_leaves_nothing_that_looks_whole(scene: Scene, machine: Machine, key: Key, tmp_path: Path,
                                                          moment: float) -> None:
    Desk(scene).lives()
    file = tmp_path / "desk.backup"
    process = machine.start("backup", str(file), "--to", key.public)
    _wait_for_part(process, tmp_path)
    time.sleep(moment / 10)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    if file.exists():  # it was faster: then it is whole
        assert archive.unpack(file, _identity(key), lambda _name: None)
        return
    machine.run("backup", str(file), "--to", key.public)
    assert archive.unpack(file, _identity(key), lambda _name: None)
    home = Path(machine.settings.simulator_path).parent
    assert not list(home.glob("*.copy-*")), "the copy of a killed process was not cleared away"


def _wait_for_part(process: object, folder: Path) -> None:
    while process.poll() is None and not list(folder.glob(".desk.backup.*.part")):
        time.sleep(0.002)


STEPS = ("filled", "filling", "facts", "take_over")


@pytest.mark.parametrize("step", STEPS)
def test_a_restore_that_dies_leaves_what_was_there(file: Path, empty: Machine, key: Key, step: str) -> None:
    """Killed before each step of the way back: no desk stands there, and the next try succeeds."""
    ended = empty.dies_at(step, "restore", str(file), "--key-file", str(key.file))
    assert ended == -signal.SIGKILL
    assert number_of_reports(empty.settings) is None
    empty.run("restore", str(file), "--key-file", str(key.file))
    assert number_of_reports(empty.settings) == 4
    for left in Path(empty.settings.simulator_path).parent.glob("*.restoring*"):
        raise AssertionError(f"{left} is left over")
