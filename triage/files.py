"""Files that came with messages or leave with them, each sealed in a file of its own with a name that says nothing.

    TFL1 | the content, sealed with the key ring for exactly this name

What is written is sealed in memory first: nothing stands on a disk in clear, not for a moment and not in a
folder for temporary files. A file is there whole or not at all, and is never changed.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from triage import clock
from triage.sealing import KeyRing
from triage.spool import give_to_owner_of_folder, owner_only, sync

MAGIC = b"TFL1"
MOST_BYTES = 16 * 1024 * 1024  # of one file
NAME = re.compile(r"[0-9a-f]{48}")
UNFINISHED = ".part"
ABANDONED = timedelta(hours=1)  # nobody writes one file for longer


class Damaged(Exception):
    """The bytes of a file are not those that were written."""


class TooLarge(Exception):
    """The content has more than MOST_BYTES."""


class Files:
    """One folder of sealed files. Every method may be called by any thread of any process."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        """Nothing is touched yet: the folder is made with the first file."""
        self.folder, self._ring = folder, ring

    def put(self, content: bytes) -> str:
        """Keep `content`; its name, said only when no power cut can take it away. Raises TooLarge, OSError."""
        if len(content) > MOST_BYTES:
            raise TooLarge
        name = secrets.token_hex(24)
        sealed = MAGIC + self._ring.seal(content, _context(name))
        self._make_folder()
        unfinished = self.folder / f"{name}{UNFINISHED}"
        try:
            with open(unfinished, "xb", opener=owner_only) as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self.folder / name)
            sync(self.folder)
        except OSError:
            self._remove(unfinished, self.folder / name)
            raise
        return name

    def open(self, name: str) -> bytes:
        """What was kept. Raises FileNotFoundError, Damaged, sealing.SealBroken where no key fits."""
        if not NAME.fullmatch(name):
            raise FileNotFoundError(name)
        whole = (self.folder / name).read_bytes()
        if not whole.startswith(MAGIC):
            raise Damaged
        return self._ring.open_bytes(whole[len(MAGIC):], _context(name))

    def remove(self, *names: str | None) -> None:
        """Take files away whose message was not stored after all, or is not kept any more."""
        self._remove(*(self.folder / name for name in names if name and NAME.fullmatch(name)))

    def names(self) -> Iterator[str]:
        """Every file that is whole."""
        yield from (path.name for path in self._paths() if NAME.fullmatch(path.name))

    def old(self, age: timedelta) -> Iterator[str]:
        """Files written longer ago than `age`."""
        before = clock.now() - age
        for name in self.names():
            with suppress(FileNotFoundError):
                if _written(self.folder / name) < before:
                    yield name

    def clear_unfinished(self) -> None:
        """Take away what processes that died left half written: nobody was given its name."""
        for path in self._paths():
            with suppress(FileNotFoundError):
                if path.name.endswith(UNFINISHED) and _written(path) < clock.now() - ABANDONED:
                    path.unlink()

    def _paths(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            give_to_owner_of_folder(self.folder)
            sync(self.folder.parent)

    @staticmethod
    def _remove(*paths: Path) -> None:
        for path in paths:
            with suppress(OSError):
                path.unlink()


def _context(name: str) -> str:
    return f"files|{name}"


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
