"""The spool by itself: whole or not at all, sealed, visible, and honest about a disk that fails."""

from __future__ import annotations

import errno
import os
import resource
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import KEYS
from triage import spool as module
from triage.sealing import KeyRing, SealBroken
from triage.spool import Damaged, Spool, SpoolFailed

RING = KeyRing(KEYS)
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
CANARY = "+254711000523 They closed the gate"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool whose folder is not there yet."""
    return Spool(tmp_path / "deep" / "spool", RING)


def fill(spool: Spool, *words: str) -> list[str]:
    """Keep words that arrived a second apart, the last first."""
    moments = [NOON + timedelta(seconds=number) for number in range(len(words))]
    kept = [spool.put(word.encode(), at) for word, at in reversed(list(zip(words, moments, strict=True)))]
    return kept[::-1]


def file_of(spool: Spool, name: str) -> Path:
    """The file of a record."""
    return spool.folder / f"{name}.record"


def test_an_unused_spool_touches_nothing_and_is_empty(spool: Spool) -> None:
    assert spool.waiting() == (0, 0, None)
    assert spool.names() == []
    with spool.turn() as ours:
        assert not ours
    assert not spool.folder.exists()


def test_what_is_kept_comes_back_in_the_order_of_its_arrival(spool: Spool) -> None:
    names = fill(spool, "one", "two", "three")
    assert spool.names() == names
    assert [spool.open(name) for name in names] == [b"one", b"two", b"three"]
    size = sum(file_of(spool, name).stat().st_size for name in names)
    assert spool.waiting() == (3, size, NOON)
    spool.remove(names[0])
    spool.remove(names[0])
    assert spool.waiting().records == 2
    assert spool.waiting().oldest == NOON + timedelta(seconds=1)
    with pytest.raises(FileNotFoundError):
        spool.open(names[0])


def test_nothing_of_it_is_readable_and_only_its_owner_has_it(spool: Spool) -> None:
    [name] = fill(spool, CANARY)
    written = file_of(spool, name).read_bytes()
    for part in (CANARY, "711000523", "gate"):
        assert part.encode() not in written
        assert part not in name
    assert stat.S_IMODE(file_of(spool, name).stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700


def test_a_power_cut_at_any_byte_harms_this_record_alone(spool: Spool) -> None:
    first, last = fill(spool, "whole", CANARY)
    path = file_of(spool, last)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged):
            spool.open(last)
        assert spool.open(first) == b"whole"
    path.write_bytes(whole + b"\0")
    with pytest.raises(Damaged):
        spool.open(last)


def test_a_changed_byte_anywhere_is_noticed_and_set_aside_with_everything_kept(spool: Spool) -> None:
    _, last = fill(spool, "whole", CANARY)
    path = file_of(spool, last)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        with pytest.raises(Damaged):
            spool.open(last)
    changed = path.read_bytes()
    spool.set_aside(last)
    assert (spool.waiting().records, spool.damaged()) == (1, 1)
    assert (spool.folder / f"{last}.damaged").read_bytes() == changed


def test_a_record_given_another_name_does_not_open(spool: Spool) -> None:
    first, last = fill(spool, "one", "two")
    file_of(spool, first).write_bytes(file_of(spool, last).read_bytes())
    with pytest.raises(SealBroken):
        spool.open(first)


def test_an_old_key_opens_while_it_is_in_the_ring_and_another_desks_never(spool: Spool) -> None:
    [name] = fill(spool, "sealed with k1")
    rotated = Spool(spool.folder, KeyRing({"k2": b"2" * 32, **KEYS}))
    assert rotated.open(name) == b"sealed with k1"
    for keys in ({"k2": b"2" * 32, "index": KEYS["index"]}, {"k1": b"1" * 32, "index": KEYS["index"]}):
        with pytest.raises(SealBroken):
            Spool(spool.folder, KeyRing(keys)).open(name)
    assert spool.open(name) == b"sealed with k1"


def age(spool: Spool, seconds: float = 120) -> None:
    """Let everything in the folder have been written so long ago."""
    for path in spool.folder.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_a_dead_process_left_unfinished_is_recovered_if_whole_and_never_counted_if_not(spool: Spool) -> None:
    whole, torn, fresh = fill(spool, "whole", "torn", "fresh")
    for name in (whole, torn):
        file_of(spool, name).rename(spool.folder / f"{name}.part")
    unfinished = spool.folder / f"{torn}.part"
    unfinished.write_bytes(unfinished.read_bytes()[:-1])
    spool.recover()
    assert spool.names() == [fresh], "somebody may still be writing"
    age(spool)
    spool.recover()
    assert spool.names() == [whole, fresh]
    assert spool.open(whole) == b"whole"
    assert not unfinished.exists()
    assert spool.damaged() == 0


def test_one_process_at_a_time_takes_records_in(spool: Spool) -> None:
    fill(spool, "one")
    other = Spool(spool.folder, RING)
    with spool.turn() as ours, other.turn() as theirs:
        assert (ours, theirs) == (True, False)
    with other.turn() as theirs:
        assert theirs


def test_many_at_once_are_all_kept(spool: Spool) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda number: spool.put(f"{number}".encode(), NOON), range(200)))
    assert sorted({spool.open(name) for name in names}) == sorted(f"{number}".encode() for number in range(200))
    assert spool.waiting().records == 200


# ---------------------------------------------------------------- disks that fail


def failing(number: int, *, call: int) -> Callable[[int], None]:
    """An fsync whose call so many fails with an error number."""
    real, calls = os.fsync, iter(range(1, 1000))

    def fsync(handle: int) -> None:
        if next(calls) == call:
            raise OSError(number, os.strerror(number))
        real(handle)

    return fsync


@pytest.mark.parametrize("call", [1, 2], ids=["of the file", "of the folder"])
def test_a_failed_fsync_keeps_nothing_and_is_not_asked_again(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    [before] = fill(spool, "before")
    monkeypatch.setattr(module.os, "fsync", failing(errno.EIO, call=call))
    with pytest.raises(OSError, match="Input/output"):
        spool.put(b"lost", NOON)
    assert spool.names() == [before]
    assert not list(spool.folder.glob("*.part"))
    with pytest.raises(SpoolFailed):
        spool.put(b"a disk that lied once", NOON)
    assert spool.open(before) == b"before"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_keeps_nothing_and_goes_on_when_there_is_room(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fill(spool, "before")
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", failing(number, call=1))
        with pytest.raises(OSError, match=os.strerror(number)):
            spool.put(b"no room", NOON)
    assert spool.waiting().records == 1
    spool.put(b"room", NOON)
    assert spool.waiting().records == 2


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: a real short write, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1, 40, 100])
def test_a_record_that_does_not_fit_leaves_nothing_behind(spool: Spool, room: int) -> None:
    [before] = fill(spool, "before")
    with largest_file(room), pytest.raises(OSError, match=r"No space|too large"):
        spool.put(b"x" * 200, NOON)
    assert [path.name for path in spool.folder.iterdir()] == [f"{before}.record"]
    assert spool.open(before) == b"before"


def test_a_folder_that_cannot_be_made_is_an_error_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="Not a directory"):
        Spool(tmp_path / "file" / "spool", RING).put(b"", NOON)
