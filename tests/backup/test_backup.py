"""Copies: what is in them comes back on an empty machine, and nothing is sent twice by it."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from channels.simulator import Store, Written
from tests import checker
from tests.backup.conftest import Key, Machine
from tests.backup.desks import Desk, opened
from tests.scene import INTAKE, Scene
from tests.servers import programs
from triage import context


def test_a_desk_comes_back_on_an_empty_machine(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                               tmp_path: Path) -> None:
    desk = Desk(scene)
    desk.lives()
    before = desk.picture()
    file = tmp_path / "desk.backup"
    said = machine.run_apart("backup", str(file), "--to", key.public)
    assert "sealed" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"age-encryption.org/v1")
    said = empty.run_apart("restore", str(file), "--key-file", str(key.file))
    assert "3 answers were on their way" in said
    assert "whoever was switched off since can sign in again" in said
    with opened(empty.settings):
        after = Desk(scene).picture()
        assert after.reports == before.reports
        assert after.messages == before.messages
        assert after.contacts == before.contacts
        assert after.kinds[: len(before.kinds)] == before.kinds
        assert after.kinds[len(before.kinds)] == "desk.restored"
        assert after.states == {"uncertain": 3, "sent": before.states["sent"]}
        assert after.sessions == after.invitations == after.tokens == 0
        assert after.frozen == "restored"
    assert checker.problems(empty.settings) == []


def test_what_was_on_its_way_is_not_sent_again(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                               tmp_path: Path) -> None:
    """The copy is made, then the desk sends; the world remembers what the copy does not know."""
    desk = Desk(scene)
    desk.lives()
    file = tmp_path / "desk.backup"
    machine.run("backup", str(file), "--to", key.public)
    machine.run("sweep", "--once")
    world = Store(machine.settings.simulator_path)
    sent = world.accepted()
    assert len(sent) >= 2
    empty.changes["simulator_path"] = machine.settings.simulator_path  # the world does not go back in time
    empty.run("restore", str(file), "--key-file", str(key.file))
    for _ in range(3):
        empty.run("sweep", "--once")
    assert world.accepted() == sent
    assert world.accepted_twice() == {}


def test_what_waits_in_the_spool_comes_back(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                            tmp_path: Path) -> None:
    Desk(scene).spools("No ink")
    file = tmp_path / "desk.backup"
    machine.run("backup", str(file), "--to", key.public)
    empty.run("restore", str(file), "--key-file", str(key.file))
    with opened(empty.settings):
        (name,) = context.spool().names()
        assert b"No ink" in context.spool().open(name)


def test_pictures_and_sounds_come_back_sealed_as_they_lay(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                                          tmp_path: Path) -> None:
    names = [context.files().put(content) for content in (b"\xff\xd8 a picture", os.urandom(9_000_000))]
    contents = [context.files().open(name) for name in names]
    file = tmp_path / "desk.backup"
    machine.run("backup", str(file), "--to", key.public)
    empty.run("restore", str(file), "--key-file", str(key.file))
    with opened(empty.settings):
        assert [context.files().open(name) for name in names] == contents
    modes = {stat.S_IMODE(path.stat().st_mode) for path in Path(empty.settings.files_path).iterdir()}
    assert modes == {0o600}


@pytest.mark.only("sqlite")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away, and only what root restores needs it")
def test_what_root_restores_belongs_to_whoever_runs_the_desk(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                                             tmp_path: Path) -> None:
    Desk(scene).spools("No ink")
    file, database = tmp_path / "desk.backup", Path(empty.settings.database_url.removeprefix("sqlite:///"))
    spool = Path(empty.settings.spool_path)
    machine.run("backup", str(file), "--to", key.public)
    for folder in {database.parent, spool.parent}:
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 4711, 4712)
    empty.run("restore", str(file), "--key-file", str(key.file))
    for path in (database, spool, *spool.glob("*.record")):
        assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712), path
    assert list(spool.glob("*.record"))


@pytest.mark.only("sqlite")
def test_the_practice_network_comes_back_where_there_is_none(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                                             tmp_path: Path) -> None:
    Store(machine.settings.simulator_path).write(Written("sms", "+254711000523", INTAKE, "No ink"))
    file = tmp_path / "desk.backup"
    machine.run("backup", str(file), "--to", key.public)
    empty.run("restore", str(file), "--key-file", str(key.file))
    assert Store(empty.settings.simulator_path).ledger_counts().written == 1


def test_a_restored_desk_can_be_copied_and_restored_again(scene: Scene, machine: Machine, empty: Machine, key: Key,
                                                          tmp_path: Path) -> None:
    desk = Desk(scene)
    desk.lives()
    before = desk.picture()
    machine.run("backup", str(tmp_path / "one"), "--to", key.public)
    empty.run("restore", str(tmp_path / "one"), "--key-file", str(key.file))
    empty.run("backup", str(tmp_path / "two"), "--plain")
    empty.run("restore", str(tmp_path / "two"), "--replace")
    with opened(empty.settings):
        after = Desk(scene).picture()
        assert (after.reports, after.messages) == (before.reports, before.messages)
        assert after.kinds.count("desk.restored") == 2


def test_a_copy_holds_no_key_and_no_open_contact(scene: Scene, machine: Machine, tmp_path: Path) -> None:
    """Even one that is not sealed: what is sealed in the database is sealed in the copy."""
    scene.sms("No ink", "+254711000987")
    file = tmp_path / "open"
    machine.run("backup", str(file), "--plain")
    content = unzipped(file)
    assert b"No ink" in content
    assert b"+254711000987" not in content
    for key in machine.settings.triage_keys.values():
        assert key not in content
        assert key.hex().encode() not in content


def unzipped(file: Path) -> bytes:
    """Everything in an archive that is not sealed; PostgreSQL's dump as the statements it stands for."""
    with tarfile.open(file) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    dump = b"".join(content for name, content in sorted(files.items()) if name.startswith("database/"))
    if dump.startswith(b"PGDMP"):
        said = subprocess.run([programs() / "pg_restore", "--file=-"], input=dump, capture_output=True, check=True)
        dump = said.stdout
    return dump + files["manifest.json"]


# ---------------------------------------------------------------- keys for copies


@pytest.mark.only("sqlite")
def test_a_key_for_copies_is_made_for_its_owner_alone(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "new.key"
    said = machine.run("backup-key", str(file))
    assert "BACKUP_TO=age1" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "AGE-SECRET-KEY-" not in said
    machine.changes["backup_to"] = said.partition("BACKUP_TO=")[2].split()[0]
    machine.run("backup", str(tmp_path / "desk.backup"))
    assert "cannot be written" in machine.run("backup-key", str(file), status=1)


@pytest.mark.parametrize("words, sentence", [
    ((), "Say to whom the copy is sealed"),
    (("--to", "age1nonsense"), "cannot be read"),
    (("--plain", "--to", "KEY"), "not both"),
])
@pytest.mark.only("sqlite")
def test_a_copy_is_sealed_or_said_to_be_open(machine: Machine, key: Key, tmp_path: Path, words: tuple[str, ...],
                                             sentence: str) -> None:
    given = [key.public if word == "KEY" else word for word in words]
    assert sentence in machine.run("backup", str(tmp_path / "desk.backup"), *given, status=1)
    assert not (tmp_path / "desk.backup").exists()


@pytest.mark.only("sqlite")
def test_a_copy_is_never_written_over(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    assert "never written over" in machine.run("backup", str(tmp_path / "there"), "--plain", status=1)
    assert (tmp_path / "there").read_text() == "precious"
