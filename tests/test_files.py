"""Files by themselves: sealed before anything is written, whole or not at all, and opened only under their own name."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import KEYS
from tests.scene import later
from triage.files import MOST_BYTES, NAME, Damaged, Files, TooLarge
from triage.sealing import KeyRing, SealBroken

RING = KeyRing(KEYS)
CANARY = b"\xff\xd8 They closed the gate"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """An empty folder that is not there yet."""
    return Files(tmp_path / "deep" / "files", RING)


def test_what_was_kept_comes_back(files: Files) -> None:
    for content in (b"", CANARY, os.urandom(3_000_000)):
        assert files.open(files.put(content)) == content
    assert len(list(files.names())) == 3


def test_nothing_stands_on_the_disk_in_clear_and_only_we_may_read_it(files: Files) -> None:
    name = files.put(CANARY)
    path = files.folder / name
    assert NAME.fullmatch(name)
    assert b"gate" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_a_file_under_another_name_or_with_another_key_does_not_open(files: Files) -> None:
    name = files.put(CANARY)
    other = "0" * 48
    (files.folder / other).write_bytes((files.folder / name).read_bytes())
    with pytest.raises(SealBroken):
        files.open(other)
    with pytest.raises(SealBroken):
        Files(files.folder, KeyRing({"k1": b"x" * 32, "index": b"y" * 32})).open(name)


def test_a_damaged_file_is_told(files: Files) -> None:
    name = files.put(CANARY)
    (files.folder / name).write_bytes(b"torn")
    with pytest.raises(Damaged):
        files.open(name)


@pytest.mark.parametrize("name", ["", "../triage.db", "/etc/passwd", "A" * 48, "0" * 47, "0" * 48])
def test_no_name_leads_out_of_the_folder(files: Files, name: str) -> None:
    files.put(CANARY)
    with pytest.raises(FileNotFoundError):
        files.open(name)
    files.remove(name)


def test_too_much_is_refused_and_nothing_of_it_stays(files: Files) -> None:
    with pytest.raises(TooLarge):
        files.put(bytes(MOST_BYTES + 1))
    assert not files.folder.exists()


def test_a_disk_that_fails_leaves_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_handle: int) -> None:
        raise OSError(28, "no space left")

    files.put(CANARY)
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="no space"):
        files.put(CANARY)
    assert len(list(files.folder.iterdir())) == 1


def test_removed_files_are_gone_and_half_written_ones_are_cleared_after_a_while(files: Files) -> None:
    kept, gone = files.put(CANARY), files.put(CANARY)
    files.remove(gone, None)
    half = files.folder / ("1" * 48 + ".part")
    half.write_bytes(b"half")
    files.clear_unfinished()
    assert half.exists()
    assert list(files.old(timedelta(days=1))) == []
    with later(timedelta(days=2)):
        files.clear_unfinished()
        assert list(files.old(timedelta(days=1))) == [kept]
    assert list(files.names()) == [kept]
    assert not half.exists()
