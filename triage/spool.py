"""The spool: what arrives while the database is away, kept on this machine until it can be taken in.

One record is one file in one folder: written beside its place, fsynced, renamed into it, and the folder
fsynced. So a record is there whole or not at all, several processes need no lock between them, taking
one away is one `unlink`, and the oldest has the smallest name. Two fsyncs a record cost a few
milliseconds, which is far from the 20 a second that a busy desk gets (docs/decisions/016).

    TSP1 | length (4 bytes) | CRC-32 (4 bytes) | the record, sealed with the key ring for exactly this name

What a disk nevertheless damaged (too short, wrong CRC) is set aside under another name, never deleted.
A record that no key opens is not damaged: it stays until its key is back.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from triage import clock
from triage.crashpoints import crashpoint
from triage.sealing import KeyRing

MAGIC = b"TSP1"
HEAD = len(MAGIC) + 8
STAMP, STAMP_LENGTH = "%Y%m%dT%H%M%S.%f", 22
WHOLE, UNFINISHED, DAMAGED = ".record", ".part", ".damaged"
ABANDONED = timedelta(minutes=1)  # nobody writes one file for longer
OWNER_ONLY = 0o600


class Damaged(Exception):
    """The bytes of a record are not those that were written."""


class SpoolFailed(OSError):
    """The disk failed to keep something before: nothing more is entrusted to it until a person has looked."""


class Waiting(NamedTuple):
    """What waits outside the database: how many records, their bytes on disk, when the oldest arrived."""

    records: int
    bytes: int
    oldest: datetime | None


class Spool:
    """One folder of records. Every method may be called by any thread of any process of this machine."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        """Nothing is touched yet: the folder is made with the first record."""
        self.folder, self._ring = folder, ring
        self._failed = False

    def put(self, content: bytes, at: datetime) -> str:
        """Keep what arrived `at`; its name, said only when no power cut can take it away any more.

        Raises OSError where that cannot be promised; then nothing of it is kept. After an I/O error the
        disk is not believed again: what it says of the next fsync need not be true of the last.
        """
        if self._failed:
            raise SpoolFailed(errno.EIO, "this disk has failed before")
        name = f"{at.astimezone(UTC):{STAMP}}-{secrets.token_hex(8)}"
        framed = framed_record(self._ring.seal(content, _context(name)))
        try:
            self._keep(name, framed)
        except OSError as problem:
            self._failed = problem.errno == errno.EIO
            for ending in (UNFINISHED, WHOLE):
                with suppress(OSError):
                    self._path(name, ending).unlink()
            raise
        crashpoint("spool.synced")
        return name

    def _keep(self, name: str, framed: bytes) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            sync(self.folder.parent)
        unfinished = self._path(name, UNFINISHED)
        with open(unfinished, "xb", buffering=0, opener=owner_only) as file:
            if file.write(framed) != len(framed):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            crashpoint("spool.written")
            os.fsync(file.fileno())
        unfinished.rename(self._path(name, WHOLE))
        sync(self.folder)

    def names(self) -> list[str]:
        """The records that wait, oldest first."""
        return sorted(file.name.removesuffix(WHOLE) for file in self._files(WHOLE))

    def open(self, name: str) -> bytes:
        """What was kept. Raises Damaged, sealing.SealBroken where no key fits, FileNotFoundError where it is gone."""
        return self._ring.open_bytes(_unframed(self._path(name, WHOLE).read_bytes()), _context(name))

    def remove(self, name: str) -> None:
        """It is in the database now. Should a power cut bring it back, it is taken in again, which changes nothing."""
        self._path(name, WHOLE).unlink(missing_ok=True)

    def set_aside(self, name: str) -> None:
        """Nobody can read it: out of the way of the others, and kept for a person to look at."""
        with suppress(FileNotFoundError):
            self._path(name, WHOLE).rename(self._path(name, DAMAGED))

    def waiting(self) -> Waiting:
        """What has not been taken in yet, those included that no key opens."""
        oldest, records, size = "", 0, 0
        for file in self._files(WHOLE):
            with suppress(FileNotFoundError):
                size += file.stat().st_size
                records += 1
                oldest = min(oldest or file.name, file.name)
        return Waiting(records, size, _arrived(oldest))

    def damaged(self) -> int:
        """How many records were set aside."""
        return len(self._files(DAMAGED))

    def recover(self) -> None:
        """Look after what processes that died left half done: whole ones wait like the others, torn ones go.

        Nobody was told "stored" for any of these.
        """
        for name in (file.name.removesuffix(UNFINISHED) for file in self._files(UNFINISHED)):
            with suppress(FileNotFoundError):
                self._recover(name)

    def _recover(self, name: str) -> None:
        path = self._path(name, UNFINISHED)
        if clock.now().timestamp() - path.stat().st_mtime < ABANDONED.total_seconds():
            return
        try:
            _unframed(path.read_bytes())
        except Damaged:
            path.unlink(missing_ok=True)
        else:
            path.rename(self._path(name, WHOLE))

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether it is this process's turn to take records in; one process of a machine has it at a time."""
        if not self.folder.is_dir():
            yield False
            return
        with open(self.folder / "turn", "ab", opener=owner_only) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _files(self, ending: str) -> list[os.DirEntry[str]]:
        """A long outage leaves thousands: what the folder itself says of a file is asked from there."""
        try:
            with os.scandir(self.folder) as found:
                return [file for file in found if file.name.endswith(ending)]
        except FileNotFoundError:
            return []

    def _path(self, name: str, ending: str) -> Path:
        return self.folder / f"{name}{ending}"


def framed_record(sealed: bytes) -> bytes:
    """The bytes of a record's file."""
    return MAGIC + len(sealed).to_bytes(4) + zlib.crc32(sealed).to_bytes(4) + sealed


def _unframed(framed: bytes) -> bytes:
    sealed = framed[HEAD:]
    if framed != framed_record(sealed):
        raise Damaged
    return sealed


def _context(name: str) -> str:
    return f"spool|{name}"


def _arrived(name: str) -> datetime | None:
    try:
        return datetime.strptime(name[:STAMP_LENGTH], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def owner_only(path: str, flags: int) -> int:
    """Opens a file that nobody but the desk's own user may read."""
    return os.open(path, flags, OWNER_ONLY)


def give_to_owner_of_folder(path: Path) -> None:
    """What root made belongs to whoever the folder belongs to: the desk itself runs as somebody else."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def sync(folder: Path) -> None:
    """See that what was renamed in a folder survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
