"""The files of a desk beside its database: what waits in the spool, attachments, and the practice desk's network."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from config import Settings
from triage.backup import sqlite
from triage.backup.archive import Damaged, Pack, Sink
from triage.files import NAME
from triage.spool import give_to_owner_of_folder, owner_only, sync

SPOOL, FILES, SIMULATOR = "spool", "files", "simulator"
KEPT = (".record", ".damaged")  # of the spool; what is half written was promised to nobody


def add_spool(pack: Pack, settings: Settings) -> None:
    """Before the database: what is drained meanwhile is then in both, which changes nothing, and never in neither."""
    folder = Path(settings.spool_path)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.endswith(KEPT):
            with suppress(FileNotFoundError), path.open("rb") as file:
                pack.add(f"{SPOOL}/{path.name}", file)


def add_files(pack: Pack, settings: Settings) -> None:
    """After the database: what it names is there by then, sealed as it lies on the disk."""
    folder = Path(settings.files_path)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if NAME.fullmatch(path.name):
            with suppress(FileNotFoundError), path.open("rb") as file:
                pack.add(f"{FILES}/{path.name}", file)


def add_simulator(pack: Pack, settings: Settings) -> None:
    """On a practice desk: the network that is made up, which remembers what was sent."""
    path = Path(settings.simulator_path)
    if settings.demo and path.exists():
        with sqlite.copied(path) as copy, copy.open("rb") as file:
            pack.add(SIMULATOR, file)


class Returning:
    """Files on their way back: written under other names first, moved into place at the end."""

    def __init__(self, settings: Settings) -> None:
        self._spool, self._files = Path(settings.spool_path), Path(settings.files_path)
        simulator = Path(settings.simulator_path)
        # The world outside does not go back in time: a network that is there stays.
        self._simulator = simulator if settings.demo and not simulator.exists() else None
        self._written: dict[Path, Path] = {}

    def sink(self, name: str) -> Sink | None:
        """Who takes the bytes of a member; None for what does not belong here."""
        aim = self._aim(name)
        if aim is None:
            return None
        staged = aim.with_name(f"{aim.name}.restoring")
        if staged not in self._written:
            _make(aim.parent)
            staged.unlink(missing_ok=True)
            self._written[staged] = aim
        return lambda content: _append(staged, content)

    def _aim(self, name: str) -> Path | None:
        place, _, file = name.partition("/")
        if place == SPOOL:
            if not file or "/" in file or file.startswith(".") or not file.endswith(KEPT):
                raise Damaged("The archive names a file that cannot be; nothing was changed.")
            return self._spool / file
        if place == FILES:
            if not NAME.fullmatch(file):
                raise Damaged("The archive names a file that cannot be; nothing was changed.")
            return self._files / file
        return self._simulator if name == SIMULATOR else None

    def settle(self) -> None:
        """Everything into its place."""
        for staged, aim in self._written.items():
            give_to_owner_of_folder(staged)
            staged.rename(aim)
        for folder in {aim.parent for aim in self._written.values()}:
            sync(folder)

    def clear(self) -> None:
        """Take away what was written and did not get into its place."""
        for staged in self._written:
            staged.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(0o700, parents=True)
        give_to_owner_of_folder(folder)


def _append(path: Path, content: bytes) -> None:
    with open(path, "ab", opener=owner_only) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

